/**
 * The arguments of verbs, which operators type: unlike what Keylane's own processes send, they may have fields that are null,
 * unknown or too long, and the sender is told what is wrong. Anyone can send a signal with any payload from the Temporal UI, and a
 * handler that throws would fail the workflow task for ever: the lane would be stuck for good (O5).
 */
import type { VerbArgs } from '../../contracts/lane/decision.ts';
import { VERBS, type VerbName } from '../../contracts/names.ts';
import { isClaim, readNewData } from '../../contracts/event/new-data.ts';
import type { Parsed } from '../../lib/pure/shape.ts';
import { truncate } from '../../lib/pure/text.ts';
import { visibleName } from '../../lib/pure/visible.ts';
import { LARGEST_WINDOW, type BacklogWindow } from '../../contracts/lane/waiting.ts';
import type { Verb } from '../lane/verbs/decide.ts';

const TEXT_FIELDS = ['position', 'by', 'reason', 'text', 'base64'] as const;
const KNOWN_FIELDS: ReadonlySet<string> = new Set([...TEXT_FIELDS, 'data', 'claim', 'size']);
/** Decisions are carried through continue-as-new. */
const MAX_CHARS: { readonly [field: string]: number | undefined } = { position: 400, by: 200, reason: 2000 };
/** Of what is asked of a pool. */
const KEY_FIELDS = ['key', 'verb'];
const MAX_FIELDS_NAMED = 3;
const MAX_FIELD_CHARS = 40;

/**
 * A verb with its argument, whatever that is: fields that are null are left out. One of a wrong type is a problem, and so
 * is an argument or a field that is not known: it would have said which record is meant, or what its data is.
 * @param more fields that the caller reads itself
 */
export function readVerb(name: VerbName, value: unknown, more: readonly string[] = []): Verb {
  if (value === undefined || value === null) return { name, args: {} };
  const example = name === 'replace' ? '{"data": {...}}' : '{"reason": "..."}';
  if (!isObject(value)) return { name, args: {}, problem: `its input must be an object, such as ${example}` };
  const unknown = Object.keys(value).filter((field) => !KNOWN_FIELDS.has(field) && !more.includes(field));
  if (unknown.length > 0) return { name, args: {}, problem: unknownFields(name, unknown) };
  const args: { -readonly [Field in keyof VerbArgs]: VerbArgs[Field] } = {};
  for (const field of TEXT_FIELDS) {
    const given = value[field];
    if (given === undefined || given === null) continue;
    if (typeof given !== 'string')
      return { name, args: {}, problem: `\`${field}\` must be a text, not ${typeof given}` };
    const maxChars = MAX_CHARS[field];
    args[field] = maxChars === undefined ? given : truncate(given, maxChars);
  }
  if (value['data'] !== undefined) args['data'] = value['data'];
  const { claim, size } = value;
  if (claim !== undefined && claim !== null) {
    if (!isClaim(claim)) return { name, args: {}, problem: '`claim` is none of the store of large events' };
    Object.assign(args, { claim, size: typeof size === 'number' && size >= 0 ? size : 0 });
  }
  const given = readNewData(args);
  if (given === undefined || !('problem' in given)) return { name, args };
  const { by, position, reason } = args;
  // The refusal is kept, and the data is not.
  return { name, args: withoutUndefined({ by, position, reason }), problem: given.problem };
}

function withoutUndefined(args: { readonly [Field in keyof VerbArgs]: VerbArgs[Field] | undefined }): VerbArgs {
  return Object.fromEntries(Object.entries(args).filter(([, value]) => value !== undefined));
}

function unknownFields(name: VerbName, fields: readonly string[]): string {
  const named = fields
    .slice(0, MAX_FIELDS_NAMED)
    .map((field) => visibleName(truncate(field, MAX_FIELD_CHARS)))
    .join(', ');
  const more = fields.length > MAX_FIELDS_NAMED ? ', ...' : '';
  const remedy =
    name === 'replace'
      ? 'the new data belongs into the field data: {"data": {...}}'
      : `known are ${[...KNOWN_FIELDS].join(', ')}`;
  return `its input has fields that are not known (${named}${more}); ${remedy}`;
}

/** Which of the events that wait are asked for; without an argument the first ones. */
export function readWindow(value: unknown): BacklogWindow {
  const { skip, limit } = isObject(value) ? value : {};
  return { skip: typeof skip === 'number' ? skip : 0, limit: typeof limit === 'number' ? limit : LARGEST_WINDOW };
}

/** A verb for a key of a pool. */
export interface KeyVerb {
  readonly key: string;
  readonly verb: Verb;
}

/** Of a plain signal or an update. */
export function readPause(value: unknown): Parsed<KeyVerb> {
  return readKeyVerb('pause', value);
}

/** Of the update `decide`. */
export function readDecide(value: unknown): Parsed<KeyVerb> {
  const name = isObject(value) ? VERBS.find((verb) => verb === value['verb']) : undefined;
  return name === undefined ? { problem: 'no `verb` is named' } : readKeyVerb(name, value);
}

function readKeyVerb(name: VerbName, value: unknown): Parsed<KeyVerb> {
  const key = isObject(value) ? value['key'] : undefined;
  if (typeof key !== 'string' || key === '') return { problem: 'no `key` is named' };
  const verb = readVerb(name, value, KEY_FIELDS);
  return verb.problem === undefined ? { value: { key, verb } } : { problem: verb.problem };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
