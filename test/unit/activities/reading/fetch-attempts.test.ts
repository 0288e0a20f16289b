/** How often data that was left in the source is fetched before its key is blocked. */
import { MockActivityEnvironment } from '@temporalio/testing';
import { ApplicationFailure } from '@temporalio/common';
import { expect, test } from 'vitest';
import { createReadingActivities } from '../../../../activities/reading/reading-activities.ts';
import { FreezeWatch } from '../../../../lib/node/freeze-watch.ts';
import { kinesis } from '../../../../contracts/public/source-config.ts';
import type { FetchInput } from '../../../../contracts/event/large-events.ts';
import { SourceUnavailableError } from '../../../../sources/errors.ts';
import type { Source } from '../../../../sources/source.ts';
import type { Claims } from '../../../../stores/claims.ts';
import { StoreUnavailableError } from '../../../../stores/errors.ts';
import { log } from '../../../support/log.ts';
import { settingsWith } from '../../../support/settings.ts';
import { record, ScriptedSource } from '../../bridge/read/scripted-source.ts';

const kept = record('s', 7, 'a', 'large data, as it were');
const { position, arrivedAt } = kept;
const input: FetchInput = { pipeline: 'orders', key: 'a', position, arrivedAt, size: kept.data.byteLength };
const settings = settingsWith(
  { orders: { source: kinesis({ stream: 'orders' }), handler: () => {} } },
  { address: 'nowhere', namespace: 'default', taskQueue: 'keylane' },
  {},
).pipelines.get('orders')!;

async function failureOf(attempt: number, source: Source, write: Claims['write']): Promise<unknown> {
  const activities = createReadingActivities({
    pipelines: () => ({ settings, source, claims: { write } as Claims, metrics: {} as never }),
    client: {} as never,
    taskQueue: 'keylane',
    freezeWatch: new FreezeWatch(),
    log,
    stopping: new AbortController().signal,
  });
  const environment = new MockActivityEnvironment({ attempt });
  return await environment.run(async () => await activities.fetchData(input)).catch((error: unknown) => error);
}

const isFinal = (failure: unknown) => failure instanceof ApplicationFailure && failure.nonRetryable === true;

test('O5 a store that does not answer is waited for, however often (fault B1)', async () => {
  const source = new ScriptedSource({ s: { records: [kept], ends: false } });
  for (const attempt of [1, 8, 1000]) {
    const failure = await failureOf(attempt, source, async () => {
      throw new StoreUnavailableError('memory', 'no answer');
    });
    expect(failure).toBeInstanceOf(StoreUnavailableError);
  }
});

test('O5 a source that cannot be read blocks the key after eight attempts, with its reason (fault B1)', async () => {
  const source = new ScriptedSource({});
  source.recordAt = async () => {
    throw new SourceUnavailableError('kinesis:orders', 'no connection');
  };
  expect(isFinal(await failureOf(7, source, async () => {}))).toBe(false);
  const last = await failureOf(8, source, async () => {});
  expect(isFinal(last)).toBe(true);
  expect(last).toMatchObject({ message: 'no connection', type: 'SourceUnavailableError' });
});
