/** A pool that holds its keys, with the real host: each input is delivered by the test. */
import { afterAll, beforeEach, expect, test, vi } from 'vitest';
import { ActivityFailure, TimeoutFailure } from '@temporalio/common';
import type { RetryPolicy } from '../../../../../contracts/event/failure.ts';
import { encodeOutcomes } from '../../../../../contracts/execution/outcome-codec.ts';
import { DEFAULT_POOL_OPTIONS } from '../../../../../contracts/pool/options.ts';
import type { BatchInput } from '../../../../../contracts/pool/batch.ts';
import { PoolHost } from '../../../../../workflows/pool/host.ts';
import type { PendingCall, Runtime } from '../../../../support/workflow-stand-in/runtime.ts';
import { newRuntime, restoreClock } from '../../../../support/workflow-stand-in/workflow.ts';

vi.mock('@temporalio/workflow', () => import('../../../../support/workflow-stand-in/workflow.ts'));

const SECOND = 1000;
const HOUR = 3600 * SECOND;
const DEADLY = 'key-7';

let runtime: Runtime;
beforeEach(() => {
  runtime = newRuntime();
});
afterAll(restoreClock);

class Pool {
  readonly #host: PoolHost;
  readonly #policy: RetryPolicy;
  #number = 0;
  /** By key, as batches were given them. */
  readonly losses = new Map<string, number>();

  constructor(policy: RetryPolicy, maxHoldMs: number) {
    this.#policy = policy;
    this.#host = new PoolHost({ version: 1, pipeline: 'orders', options: { ...DEFAULT_POOL_OPTIONS, maxHoldMs } });
  }

  get view() {
    return this.#host.view();
  }

  async start(): Promise<void> {
    await runtime.start(() => this.#host.run());
  }

  /** Each of a key of its own. */
  async add(count: number): Promise<void> {
    const events = Array.from({ length: count }, () => {
      this.#number += 1;
      const position = { shardId: 'shard', sequenceNumber: String(this.#number) };
      return {
        key: `key-${this.#number}`,
        position,
        arrivedAt: 0,
        data: { json: {} },
        size: 2,
        source: 'kinesis' as const,
      };
    });
    await runtime.deliver(() => this.#host.accept({ leaseUntil: Number.MAX_SAFE_INTEGER, events }));
  }

  /** All keys fail, and one kills its process from now on. */
  async pass(seconds: number, deadly?: string): Promise<void> {
    for (let second = 0; second < seconds; second += 1) {
      for (const batch of runtime.activities.slice()) await this.#answer(batch, deadly);
      await runtime.pass(SECOND);
    }
  }

  async #answer(batch: PendingCall, deadly: string | undefined): Promise<void> {
    const [{ keys }] = batch.args as [BatchInput];
    for (const { key, losses = 0 } of keys) this.losses.set(key, losses);
    if (keys.some(({ key }) => key === deadly)) {
      const timeout = new TimeoutFailure('lost', undefined, 'HEARTBEAT');
      return await batch.reject(new ActivityFailure('lost', 'runBatch', '1', 'MAXIMUM_ATTEMPTS_REACHED', 'i', timeout));
    }
    const failure = { type: 'Bad', message: 'bad', nonRetryable: false };
    const outcomes = keys.map(({ attempts = 0 }) => ({
      kind: 'failed' as const,
      succeeded: 0,
      failure,
      attempts: attempts + 1,
    }));
    await batch.resolve(encodeOutcomes(outcomes, this.#policy));
  }
}

test('keys whose next attempt is far off when a hold has ended move out at once: a pool that they fill would hold again (fault B8)', async () => {
  const policy = { maxAttempts: 5, initialIntervalMs: 24 * HOUR, backoff: 2, maxIntervalMs: 48 * HOUR };
  const pool = new Pool(policy, 600 * SECOND);
  await pool.start();
  await pool.add(200);
  await pool.pass(590);
  expect(pool.view).toMatchObject({ moved: 0, waiting: 200, outage: { tries: 0 } });
  await pool.pass(20);
  expect(pool.view).toMatchObject({ moved: 200, waiting: 0, release: { why: 'bound' } });
  // Those that come later fill it no more.
  for (let step = 0; step < 20; step += 1) {
    await pool.add(20);
    await pool.pass(30);
    expect(pool.view).toMatchObject({ waiting: 0, release: { why: 'bound' } });
  }
});

test('a key that kills its process while others are held takes none of them for its own kind (fault B14)', async () => {
  const pool = new Pool({ maxAttempts: 50, initialIntervalMs: SECOND, backoff: 2, maxIntervalMs: 60 * SECOND }, HOUR);
  await pool.start();
  await pool.add(40);
  await pool.pass(1);
  expect(pool.view.outage).toBeDefined();
  await pool.pass(1200, DEADLY);
  const max = [...pool.losses].filter(([key, losses]) => losses >= 3 && key !== DEADLY);
  expect(max).toEqual([]);
  expect(pool.losses.get(DEADLY)).toBeGreaterThanOrEqual(3);
});
