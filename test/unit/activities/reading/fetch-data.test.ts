import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { fetchData } from '../../../../activities/reading/fetch-data.ts';
import { kinesis } from '../../../../contracts/public/source-config.ts';
import { DATA_GONE, LARGE_EVENT } from '../../../../contracts/event/large-events.ts';
import { SourceConfigurationError, SourceUnavailableError } from '../../../../sources/errors.ts';
import { claimOf, Claims } from '../../../../stores/claims.ts';
import { StoreUnavailableError } from '../../../../stores/errors.ts';
import { FolderStore } from '../../../../stores/folder-store.ts';
import { toPipelines } from '../../../../settings/to-pipelines.ts';
import { record, ScriptedSource } from '../../bridge/read/scripted-source.ts';

const { signal } = new AbortController();
const settings = toPipelines(
  { pipelines: { orders: { source: kinesis({ stream: 'orders' }), handler: () => {}, retry: { maxAttempts: 4 } } } },
  '/settings/keylane.config.ts',
).get('orders')!;
const kept = record('s', 7, 'a', 'large data, as it were');
const { position, arrivedAt } = kept;
const event = { pipeline: 'orders', key: 'a', position, arrivedAt, size: kept.data.byteLength };

let folder: string;
let claims: Claims;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'keylane-fetch-'));
  claims = new Claims(new FolderStore(folder), 'orders');
});
afterAll(async () => await rm(folder, { recursive: true, force: true }));

const sourceWith = (...records: (typeof kept)[]) => new ScriptedSource({ s: { records, ends: false } });

describe('data that was left in the source', () => {
  test('O5 is stored as its event would have had it from the start', async () => {
    const source = sourceWith(record('s', 6, 'a'), kept, record('s', 8, 'a'));
    const outcome = await fetchData({ settings, source, claims }, event, signal);
    if (!('data' in outcome)) throw new Error(outcome.failure.message);
    expect(outcome.data.claim).toEqual(claimOf('orders', position, 'a', kept.data));
    expect(outcome.data.claim.preview).toBe('large data, as it were');
    expect(Buffer.compare(await claims.read(outcome.data.claim, signal), kept.data)).toBe(0);
  });

  test('O5 is taken from the store when the bridge has written it meanwhile, also when the source has it no more (fault B1)', async () => {
    const { preview, ...stored } = claimOf('orders', position, 'a', kept.data);
    const waiting = { ...event, sourceOnly: { preview, stored } };
    const early = await fetchData({ settings, source: sourceWith(kept), claims }, waiting, signal);
    expect(early).toEqual({ data: { claim: { preview, ...stored } } });
    await claims.write({ preview, ...stored }, kept.data, signal);
    const late = await fetchData({ settings, source: sourceWith(), claims }, waiting, signal);
    expect(late).toEqual({ data: { claim: { preview, ...stored } } });
    await claims.delete(stored.name, signal);
    const gone = await fetchData({ settings, source: sourceWith(), claims }, waiting, signal);
    expect(gone).toMatchObject({ failure: { type: DATA_GONE } });
  });

  test('is not fetched without a store: what to set, and until when, with the retries of the settings', async () => {
    const outcome = await fetchData({ settings, source: sourceWith(kept), claims: undefined }, event, signal);
    expect(outcome).toMatchObject({ failure: { type: LARGE_EVENT, nonRetryable: true }, retry: { maxAttempts: 4 } });
    const until = new Date(kept.arrivedAt + 24 * 3_600_000).toISOString();
    expect('failure' in outcome && outcome.failure.message).toMatch(new RegExp(`largeEvents.store.*until ${until}`));
  });

  test('is told too where the retention cannot be learned', async () => {
    const source = sourceWith(kept);
    source.retentionMs = async () => {
      throw new SourceConfigurationError('kinesis:orders', 'no access');
    };
    const outcome = await fetchData({ settings, source, claims: undefined }, event, signal);
    expect('failure' in outcome && outcome.failure.message).toContain('for as long as its retention');
  });

  test.each([
    ['trimmed', sourceWith(record('s', 8, 'a'))],
    [
      'of a stream that was created anew, in which another record stands there',
      sourceWith(record('s', 7, 'a', 'short')),
    ],
  ])('is gone for good when it was %s', async (_why, source) => {
    const outcome = await fetchData({ settings, source, claims }, event, signal);
    expect(outcome).toMatchObject({ failure: { type: DATA_GONE, nonRetryable: true } });
    expect('failure' in outcome && outcome.failure.message).toContain('gone for good');
  });

  test('what may pass is thrown, so that Temporal tries again', async () => {
    const source = sourceWith(kept);
    source.recordAt = async () => {
      throw new SourceUnavailableError('kinesis:orders', 'throttled');
    };
    await expect(fetchData({ settings, source, claims }, event, signal)).rejects.toBeInstanceOf(SourceUnavailableError);
    const file = join(folder, 'a-file');
    await writeFile(file, '');
    const full = new Claims(new FolderStore(file), 'orders');
    const fetched = fetchData({ settings, source: sourceWith(kept), claims: full }, event, signal);
    await expect(fetched).rejects.toBeInstanceOf(StoreUnavailableError);
  });
});
