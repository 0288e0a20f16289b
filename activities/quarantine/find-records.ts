import type { Client } from '@temporalio/client';
import { formatPosition } from '../../contracts/event/position.ts';
import type { FoundRecord, SegmentFinding, SegmentSearch } from '../../contracts/quarantine/search.ts';
import type { QuarantinedRecord } from '../../contracts/quarantine/record.ts';
import type { Selection } from '../../contracts/quarantine/decision.ts';
import { isInline } from '../../contracts/event/event.ts';
import { decodeEventData } from '../../contracts/event/data-codec.ts';
import { dataText } from '../../contracts/event/data-text.ts';
import { readSegmentUnlessGone } from '../../temporal/segment-records.ts';

/** Findings go into the history of the quarantine, and keys into its state. */
const MAX_KEY_CHARS = 8 * 1024;
const MAX_LISTED_CHARS = 256;
/**
 * Maximum records of one search whose data must be fetched to find their keys: each may have 10 MiB, and a step has
 * minutes.
 */
const MAX_FETCHED = 10;

interface Given {
  readonly data: SegmentSearch['data'] | undefined;
  readonly size: number | undefined;
}

/** Finds a record's key, or why it has none. */
export type KeyOf = (record: QuarantinedRecord) => Promise<{ readonly key: string } | { readonly reason: string }>;

/**
 * Searches segments of a quarantine, up to the first that has matching records.
 * @param keyOf default: keys are not looked up
 */
export async function findRecords(client: Client, search: SegmentSearch, keyOf?: KeyOf): Promise<SegmentFinding> {
  const gone: string[] = [];
  const none: string[] = [];
  let undecidedCount = 0;
  for (const [at, segment] of search.segments.entries()) {
    const held = await readSegmentUnlessGone(client, segment);
    if (held === undefined) gone.push(segment);
    else {
      const decided = new Set([...held.decided, ...(search.decided[at] ?? [])]);
      const { records, next } = await findIn(held.records, decided, at === 0 ? search.from : 0, search, keyOf);
      const undecided = held.records.length - decided.size;
      if (undecided === 0) none.push(segment);
      undecidedCount += undecided;
      if (records.length === 0) continue;
      const upTo = next === undefined ? { through: at + 1, from: 0 } : { through: at, from: next };
      return { ...upTo, gone, ...emptySegments(none), undecided: undecidedCount, hit: { at, undecided, records } };
    }
  }
  return { through: search.segments.length, from: 0, gone, ...emptySegments(none), undecided: undecidedCount };
}

function emptySegments(empty: readonly string[]): Pick<SegmentFinding, 'empty'> {
  return empty.length === 0 ? {} : { empty };
}

/** `next`: the index at which the search stopped before the end. */
async function findIn(
  all: readonly QuarantinedRecord[],
  decided: ReadonlySet<number>,
  from: number,
  { selection, max, data, size }: SegmentSearch,
  keyOf: KeyOf | undefined,
): Promise<{ readonly records: readonly FoundRecord[]; readonly next?: number }> {
  const records: FoundRecord[] = [];
  let keyChars = 0;
  let fetched = 0;
  for (const [index, record] of all.entries()) {
    if (index < from || decided.has(index) || !isWanted(selection, record)) continue;
    if (records.length >= max || keyChars >= MAX_KEY_CHARS || fetched >= MAX_FETCHED) return { records, next: index };
    const found = await describe(index, record, { data, size }, keyOf);
    records.push(found);
    keyChars += found.key?.length ?? 0;
    if (keyOf !== undefined && !isInline(record.data)) fetched += 1;
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
  { data, size }: Given,
  keyOf: KeyOf | undefined,
): Promise<FoundRecord> {
  const replacement = data === undefined ? undefined : withData(record, data, size);
  const found = await keyOf?.(replacement ?? record);
  const reason = found !== undefined && 'reason' in found ? found.reason : record.reason;
  return {
    index,
    position: formatPosition(record.position),
    ...(found !== undefined && 'key' in found ? { key: found.key } : {}),
    reason: reason.slice(0, MAX_LISTED_CHARS),
    data: dataText(record.data).slice(0, MAX_LISTED_CHARS),
    ...('claim' in record.data ? { claim: record.data.claim.name } : {}),
    ...(replacement === undefined ? {} : { replacement }),
  };
}

function withData(
  record: QuarantinedRecord,
  data: NonNullable<SegmentSearch['data']>,
  given: number | undefined,
): QuarantinedRecord {
  const size = given ?? ('claim' in data ? 0 : decodeEventData(data).byteLength);
  return { ...record, data, size, replaced: (record.replaced ?? 0) + 1 };
}
