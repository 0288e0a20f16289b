import type { Client } from '@temporalio/client';
import { formatPosition } from '../../contracts/position.ts';
import type {
  FoundRecord,
  QuarantinedRecord,
  SegmentFinding,
  SegmentSearch,
  Selection,
} from '../../contracts/quarantine.ts';
import { decodeEventData } from '../../contracts/event-data.ts';
import { dataText } from '../../contracts/data-text.ts';
import { readSegmentUnlessGone } from './segment-records.ts';

/** What was found goes into the history of the quarantine, and keys into its state. */
const MOST_KEY_CHARS = 8 * 1024;
const TOLD_CHARS = 256;

/** A key, or why there is none. */
export type KeyOf = (record: QuarantinedRecord) => Promise<{ readonly key: string } | { readonly reason: string }>;

/**
 * Looks through segments of a quarantine, up to the first that has any of what is looked for.
 * @param keyOf default: keys are not asked for
 */
export async function findRecords(client: Client, search: SegmentSearch, keyOf?: KeyOf): Promise<SegmentFinding> {
  const gone: string[] = [];
  for (const [at, segment] of search.segments.entries()) {
    const held = await readSegmentUnlessGone(client, segment);
    if (held === undefined) gone.push(segment);
    else {
      const decided = new Set([...held.decided, ...(search.decided[at] ?? [])]);
      const { records, next } = await findIn(held.records, decided, at === 0 ? search.from : 0, search, keyOf);
      const undecided = held.records.length - decided.size;
      if (records.length === 0) continue;
      const hit = { at, undecided, records };
      return next === undefined ? { through: at + 1, from: 0, gone, hit } : { through: at, from: next, gone, hit };
    }
  }
  return { through: search.segments.length, from: 0, gone };
}

/** `next`: the index at which it stopped before the end. */
async function findIn(
  all: readonly QuarantinedRecord[],
  decided: ReadonlySet<number>,
  from: number,
  { selection, most, data }: SegmentSearch,
  keyOf: KeyOf | undefined,
): Promise<{ readonly records: readonly FoundRecord[]; readonly next?: number }> {
  const records: FoundRecord[] = [];
  let keyChars = 0;
  for (const [index, record] of all.entries()) {
    if (index < from || decided.has(index) || !isWanted(selection, record)) continue;
    if (records.length >= most || keyChars >= MOST_KEY_CHARS) return { records, next: index };
    const found = await describe(index, record, data, keyOf);
    records.push(found);
    keyChars += found.key?.length ?? 0;
  }
  return { records };
}

function isWanted(selection: Selection, { position, reason }: QuarantinedRecord): boolean {
  switch (selection.kind) {
    case 'all':
      return true;
    case 'matching':
      return reason.includes(selection.text);
    case 'positions':
      return selection.positions.includes(formatPosition(position));
  }
}

async function describe(
  index: number,
  record: QuarantinedRecord,
  data: SegmentSearch['data'],
  keyOf: KeyOf | undefined,
): Promise<FoundRecord> {
  const replacement = data === undefined ? undefined : withData(record, data);
  const found = await keyOf?.(replacement ?? record);
  const reason = found !== undefined && 'reason' in found ? found.reason : record.reason;
  return {
    index,
    position: formatPosition(record.position),
    ...(found !== undefined && 'key' in found ? { key: found.key } : {}),
    reason: reason.slice(0, TOLD_CHARS),
    data: dataText(record.data).slice(0, TOLD_CHARS),
    ...(replacement === undefined ? {} : { replacement }),
  };
}

function withData(record: QuarantinedRecord, data: NonNullable<SegmentSearch['data']>): QuarantinedRecord {
  return { ...record, data, size: decodeEventData(data).byteLength, replaced: (record.replaced ?? 0) + 1 };
}
