/**
 * What a person gives in place of an event's data, and whether a lane or the quarantine can carry it. The same is asked
 * before a command sends it, and where it arrives: Temporal ends a run that asks for more than 2 MiB.
 */
import { encode } from '@temporalio/common/lib/encoding.js';
import type { Claim, ClaimedData, InlineData } from './event.ts';
import { jsonBytes } from '../../lib/pure/json-bytes.ts';
import { isDeep } from '../../lib/pure/json-depth.ts';
import { MAX_INLINE_BYTES } from './large-events.ts';
import { formatSize } from '../public/size.ts';

/** The arguments of `replace` that hold the new data, of which one is given. */
export interface NewDataArgs {
  /** New data for `replace`: a JSON value, or the bytes as text or base64. */
  readonly data?: unknown;
  readonly text?: string;
  readonly base64?: string;
  /** Alternatively, new data that is already in the store of large events, and its size in bytes. */
  readonly claim?: Claim;
  readonly size?: number;
}

/** New data, with its bytes. */
export interface NewData {
  readonly data: InlineData | ClaimedData;
  readonly size: number;
}

/** Undefined when there is none; or why it cannot be carried. */
export function readNewData(args: NewDataArgs): NewData | { readonly problem: string } | undefined {
  const given = formOf(args);
  if (given === undefined || 'problem' in given) return given;
  const bytes = jsonBytes(given.data);
  if (bytes <= MAX_INLINE_BYTES) return given;
  return {
    problem:
      `the new data takes ${formatSize(bytes)} in Temporal, and may take ${formatSize(MAX_INLINE_BYTES)}: where the pipeline ` +
      'has a store of large events (largeEvents.store), `keylane replace` puts it there',
  };
}

function formOf({ base64, claim, data, size = 0, text }: NewDataArgs): ReturnType<typeof readNewData> {
  if (claim !== undefined) return { data: { claim }, size };
  if (base64 !== undefined) {
    const whole = base64.replace(/={1,2}$/, '');
    if (base64.length % 4 !== 0 || OUTSIDE_BASE64.test(whole)) return { problem: '`base64` is not base64' };
    return { data: { base64 }, size: Math.floor((whole.length * 3) / 4) };
  }
  if (text !== undefined) {
    if (!text.isWellFormed()) return { problem: '`text` has half of a surrogate pair, which has no UTF-8 form' };
    return { data: { text }, size: encode(text).length };
  }
  if (data === undefined) return undefined;
  const json = jsonOf(data);
  if (json === undefined) return { problem: '`data` is nested too deeply: give it as `text`' };
  return { data: { json: data }, size: encode(json).length };
}

const OUTSIDE_BASE64 = /[^A-Za-z0-9+/]/;

function jsonOf(value: unknown): string | undefined {
  try {
    const json = JSON.stringify(value);
    return isDeep(json) ? undefined : json;
  } catch {
    return undefined;
  }
}

/** Whether it has the form of a {@link Claim}. */
export function isClaim(value: unknown): value is Claim {
  if (typeof value !== 'object' || value === null) return false;
  const { name, preview, sha256 } = value as { readonly [Field in keyof Claim]: unknown };
  return [name, sha256, preview].every((each) => typeof each === 'string' && each.length <= MAX_CLAIM_CHARS);
}

/** Of each of its fields. */
const MAX_CLAIM_CHARS = 1024;
