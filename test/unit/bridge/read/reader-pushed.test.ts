/** A reader of shards whose records are pushed: their cursors are waited for before a turn at reading is taken. */
import { expect, test } from 'vitest';
import { LeaseLostError } from '../../../../bridge/lease/lease.ts';
import { AwaitedCursor } from '../../../../sources/kinesis/fan-out/awaited-cursor.ts';
import type { Source, SourceDescription, SourceRecord } from '../../../../sources/source.ts';
import { at, setUp } from './reader-setup.ts';
import { record } from './scripted-source.ts';

/** Far more than a reader has turns at reading. */
const SHARDS = Array.from({ length: 63 }, (_, index) => `s${index + 10}`);
const never = async (): Promise<void> => await new Promise(() => {});

/** A stream that pushes what a test gives it. */
class PushingSource implements Source {
  readonly kind = 'kinesis';
  readonly identity = 'kinesis:pushing';
  readonly pace = { minIntervalMs: 0, idleIntervalMs: 0 };
  readonly #pages = new Map<string, SourceRecord[][]>();
  readonly #wake = new Map<string, () => void>();

  push(shardId: string, ...records: SourceRecord[]): void {
    this.#pages.set(shardId, [...(this.#pages.get(shardId) ?? []), records]);
    this.#wake.get(shardId)?.();
  }

  /** Pages that nobody has asked for. */
  left(shardId: string): number {
    return this.#pages.get(shardId)?.length ?? 0;
  }

  openShard(shardId: string): AwaitedCursor {
    return new AwaitedCursor({
      next: async (signal) => {
        for (;;) {
          signal.throwIfAborted();
          const records = this.#pages.get(shardId)?.shift();
          if (records !== undefined) return { records, ended: false, lagMs: 0 };
          await new Promise<void>((resolve, reject) => {
            this.#wake.set(shardId, resolve);
            signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
          });
        }
      },
    });
  }

  async listShards(): Promise<[]> {
    return [];
  }

  async describe(): Promise<SourceDescription> {
    return { stream: {} };
  }

  async now(): Promise<undefined> {
    return undefined;
  }

  async retentionMs(): Promise<number> {
    return 24 * 3_600_000;
  }

  async recordAt(): Promise<undefined> {}

  close(): void {}
}

function pushed(options: Parameters<typeof setUp>[0] = {}) {
  const source = new PushingSource();
  const shards = SHARDS.map((shardId) => ({ shardId, start: { at: 'horizon' as const } }));
  return { ...setUp({ ...options, source, shards }), source };
}

test('O3: silent shards take no turns: whichever gets records has them handed over', async () => {
  const { clock, home, lanes, reader, source } = pushed();
  const report = reader.run();
  await clock.advance(10_000);
  for (const shardId of SHARDS.toReversed()) {
    source.push(shardId, record(shardId, 1, shardId));
    await clock.advance(1);
    expect(lanes.held.get(shardId)).toEqual([`${shardId}:1`]);
  }
  home.abort();
  expect((await report).shards[SHARDS[0]!]).toMatchObject({ checkpoint: at(SHARDS[0]!, 1), taken: 1 });
});

test('called home, it comes at once from shards that are all silent', async () => {
  const { clock, home, reader } = pushed();
  const report = reader.run();
  await clock.advance(10_000);
  home.abort();
  expect(Object.keys((await report).shards)).toHaveLength(SHARDS.length);
  expect(clock.now()).toBe(11_000);
});

test('O6: with its lease lost it throws at once, with shards that wait for records and pages that wait for a turn', async () => {
  const { clock, lanes, lost, reader, source } = pushed({ deliver: never, limits: TIGHT });
  const run = reader.run();
  for (const shardId of SHARDS.slice(0, 40)) source.push(shardId, ...pageOf(shardId));
  await clock.advance(100);
  const sent = lanes.requests.length;
  lost.abort(new LeaseLostError('gone'));
  await expect(run).rejects.toThrow(LeaseLostError);
  expect(lanes.requests).toHaveLength(sent);
});

test('O4 O9: a page that came and was not let in is not counted as read, and is left to the next reader', async () => {
  const { clock, home, reader, source } = pushed({ deliver: never, limits: TIGHT });
  const report = reader.run();
  for (const shardId of SHARDS) source.push(shardId, ...pageOf(shardId), ...pageOf(shardId, 4));
  await clock.advance(100);
  // Every page has come, and no lane accepts: all but a few wait for their turn.
  for (const shardId of SHARDS) expect(source.left(shardId)).toBe(0);
  expect(reader.highWater.records).toBeLessThanOrEqual(TIGHT.recordsInFlight);
  home.abort();
  const { shards } = await clock.until(report);
  const read = Object.values(shards).map((progress) => progress.read);
  expect(read.reduce((sum, count) => sum + count)).toBeLessThanOrEqual(TIGHT.recordsInFlight);
  for (const progress of Object.values(shards)) {
    expect(progress).not.toHaveProperty('checkpoint');
    expect(progress).not.toHaveProperty('consumedUntil');
  }
});

const TIGHT = { recordsInFlight: 10, bytesInFlight: 1_000_000, requestsInFlight: 8 };

function pageOf(shardId: string, from = 1): SourceRecord[] {
  return [0, 1, 2].map((n) => record(shardId, from + n, `${shardId}-${n}`));
}
