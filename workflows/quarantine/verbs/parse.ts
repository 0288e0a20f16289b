/** What comes to a quarantine from outside, checked at the edge: see the lane's inputs for why. */
import { readNewData, type NewData } from '../../../contracts/event/new-data.ts';
import { notAPosition, parsePosition } from '../../../contracts/event/position.ts';
import { MAX_POSITIONS, type QuarantineVerbName, type Selection } from '../../../contracts/quarantine/decision.ts';
import { truncate } from '../../../lib/pure/text.ts';
import { readVerb } from '../../shared/parsing.ts';

export interface QuarantineVerb {
  readonly name: QuarantineVerbName;
  readonly by?: string;
  readonly reason?: string;
  readonly selection?: Selection;
  readonly data?: NewData['data'];
  readonly size?: number;
  /** Why its arguments cannot be used; such a verb is refused. */
  readonly problem?: string;
}

const MAX_MATCHING_CHARS = 1000;
const MAX_POSITION_CHARS = 400;

/** A verb with its argument, whatever that is. */
export function readQuarantineVerb(name: QuarantineVerbName, value: unknown): QuarantineVerb {
  const { args, problem } = readVerb(name, value, ['positions', 'matching', 'all']);
  const who = {
    name,
    ...(args.by === undefined ? {} : { by: args.by }),
    ...(args.reason === undefined ? {} : { reason: args.reason }),
  };
  if (problem !== undefined) return { ...who, problem };
  const selection = selectionOf((value ?? {}) as Record<string, unknown>);
  if (typeof selection === 'string') return { ...who, problem: selection };
  if (name !== 'replace') return { ...who, selection };
  const given = readNewData(args);
  if (given === undefined)
    return { ...who, problem: 'replace needs new data: `data` (any JSON value), `text` or `base64`' };
  if ('problem' in given) return { ...who, problem: given.problem };
  const isOne = selection.kind === 'positions' && selection.positions.length === 1;
  return isOne ? { ...who, selection, ...given } : { ...who, problem: 'replace needs the `position` of one record' };
}

/** Or what is wrong with it. */
function selectionOf({ position, positions, matching, all }: Record<string, unknown>): Selection | string {
  const named = position ?? positions;
  const given = [named, matching, all === true ? true : undefined].filter(
    (each) => each !== undefined && each !== null,
  );
  if (given.length !== 1) return 'it needs one of `position`, `positions`, `matching` and `all`';
  if (all === true) return { kind: 'all' };
  if (typeof matching === 'string') {
    if (matching === '') return '`matching` must not be empty; `all` means all records';
    return { kind: 'matching', text: matching.slice(0, MAX_MATCHING_CHARS) };
  }
  const texts: readonly unknown[] = Array.isArray(named) ? named : [named];
  if (texts.length === 0 || texts.length > MAX_POSITIONS) return `it needs 1 to ${MAX_POSITIONS} positions`;
  const wrong = texts.find(
    (each) => typeof each !== 'string' || each.length > MAX_POSITION_CHARS || parsePosition(each) === undefined,
  );
  if (wrong !== undefined) return notAPosition(truncate(JSON.stringify(wrong), MAX_POSITION_CHARS));
  return { kind: 'positions', positions: [...new Set(texts as readonly string[])] };
}
