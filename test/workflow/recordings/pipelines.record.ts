/** Records histories of pipelines, which test/workflow/replay.test.ts replays. */
import { beforeAll, test } from 'vitest';
import { kinesis } from '../../../contracts/public/source-config.ts';
import { PIPELINE_UPDATES } from '../../../contracts/pipeline/messages.ts';
import { installRuntime } from '../../../worker/runtime.ts';
import { EMULATOR_ENV } from '../../support/emulators/index.ts';
import { eventually } from '../../support/eventually.ts';
import { FakeAws, systemClock } from '../../support/fake-aws/index.ts';
import { Keylane, uniqueName } from '../../support/keylane.ts';
import { Ledger } from '../../support/ledger.ts';
import { log } from '../../support/log.ts';
import { record, withoutPaths } from '../../support/recording.ts';

beforeAll(() => {
  installRuntime(log);
  withoutPaths();
});

test('a pipeline of which a shard is split again and again, that is paused, and that continues as new', async () => {
  Object.assign(process.env, EMULATOR_ENV);
  const fake = await FakeAws.start({ clock: systemClock });
  const stream = fake.createStream('orders', { shards: 3 });
  const pipeline = uniqueName();
  const ledger = new Ledger();
  const source = kinesis({ stream: 'orders', endpoint: fake.endpoint });
  const keylane = await Keylane.create({
    pipelines: { [pipeline]: { source, handler: (event) => ledger.note(event.key, event.json().n) } },
    options: { maxReaders: 3, shiftMs: 4000, discoverEveryMs: 1000, eventsPerRun: 250 },
  });
  let written = 0;
  const putAll = async (): Promise<void> => {
    for (let key = 0; key < 20; key += 1) stream.put({ key: `key-${key}`, data: JSON.stringify({ n: 1 }) });
    written += 20;
    await eventually(() => ledger.count === written);
  };
  const handle = keylane.client.workflow.getHandle(pipeline);
  const runIdNow = async () => (await handle.describe()).runId;
  await keylane.start();
  const first = await runIdNow();
  // By the first half, so one reader gets more and more shards while the others have one each.
  for (let split = 1; split <= 3; split += 1) {
    await putAll();
    stream.split(stream.openShards[0]!);
    await eventually(async () => {
      const { shards } = await keylane.status(pipeline);
      return shards.filter(({ state }) => state === 'reading').length === 3 + split;
    });
  }
  await putAll();
  await handle.executeUpdate(PIPELINE_UPDATES.pause, { args: [{ by: 'ann' }] });
  await eventually(async () => (await keylane.status(pipeline)).readers === 0);
  await handle.executeUpdate(PIPELINE_UPDATES.resume);
  await eventually(async () => (await runIdNow()) !== first, 60_000);
  const second = await runIdNow();
  await putAll();
  stream.split(stream.openShards[0]!);
  await putAll();
  await record('pipeline-dealt-fairly', keylane.client.workflow.getHandle(pipeline, first));
  await record('pipeline-dealt-fairly-continued', keylane.client.workflow.getHandle(pipeline, second));
  await keylane.close();
  await fake.stop();
}, 120_000);
