/**
 * One key is blocked while 200,000 of its events come, of 0.1 to 64 KiB, and a hundred other keys go on; then a person lets
 * it go. Bridge and worker are processes of their own, as people run them.
 */
import { performance } from 'node:perf_hooks';
import { Client, Connection } from '@temporalio/client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { backlogPage } from '../../operations/lanes/backlog.ts';
import { blockedLanes } from '../../operations/lanes/blocked-lanes.ts';
import { decide } from '../../operations/decisions/decide.ts';
import { laneView } from '../../operations/lanes/lane-view.ts';
import type { VerbName } from '../../contracts/names.ts';
import { devServer } from '../support/dev-server.ts';
import { EMULATOR_ENV, KinesisStream, startKinesalite, type Server } from '../support/emulators/index.ts';
import { eventually } from '../support/eventually.ts';
import { KeylaneProcess } from '../support/keylane-process.ts';
import { uniqueName } from '../support/keylane.ts';
import { Ledger, upTo } from '../support/ledger.ts';
import { LedgerProject } from '../support/ledger-project.ts';
import { largestStart, peakOf, runsOn } from '../support/runs.ts';
import { mib, milliseconds, peakMemory, printFigures, seconds } from './figures.ts';

const KIB = 1024;
const MINUTE = 60_000;
const STUCK = 'stuck';
const EVENTS = Number(process.env['KEYLANE_EVENTS'] ?? 200_000);
const OTHERS = 100;
/** Of the stuck key, for one event of another. */
const STUCK_PER_OTHER = 20;
const LARGEST = 64 * KIB - 100;
/** Bytes of one request to the stream; AWS takes 5 MiB. */
const REQUEST_BYTES = 2 * KIB * KIB;
const TIMES = 10;

let emulator: Server;
beforeAll(async () => {
  emulator = await startKinesalite();
});
afterAll(() => emulator.stop());

/** From 100 bytes on, each doubling 0.65 times as likely, up to 64 KiB: some 2 KiB on average. The same in every run. */
function sizeOf(n: number): number {
  const [drawn, within] = [((n * 2_654_435_761) % 4_294_967_296) / 4_294_967_296, (n * 0.618) % 1];
  const doublings = Math.floor(Math.log(1 - drawn) / Math.log(0.65));
  return Math.min(LARGEST, Math.floor(100 * 2 ** doublings * (1 + within)));
}

/** Writes events of the stuck key, and of the others between them. */
class Writer {
  bytes = 0;
  readonly written = new Map<string, number>();
  readonly #stream: KinesisStream;
  #others = 0;

  constructor(stream: KinesisStream) {
    this.#stream = stream;
  }

  async write(events: number): Promise<void> {
    let records: { readonly key: string; readonly data: string }[] = [];
    let bytes = 0;
    for (let count = 0; count < events; count += 1) {
      records.push(this.#next(STUCK));
      if (count % STUCK_PER_OTHER === 0) records.push(this.#next(`other-${(this.#others += 1) % OTHERS}`));
      bytes += records.at(-1)!.data.length;
      if (bytes < REQUEST_BYTES) continue;
      await this.#stream.put(records);
      [records, bytes] = [[], 0];
    }
    await this.#stream.put(records);
  }

  #next(key: string): { readonly key: string; readonly data: string } {
    const n = 1 + (this.written.get(key) ?? 0);
    this.written.set(key, n);
    const filling = key === STUCK ? 'x'.repeat(sizeOf(n)) : '';
    const data = JSON.stringify({ n, filling: key === STUCK && n === 1 ? 'poison' : filling });
    this.bytes += data.length;
    return { key, data };
  }
}

async function timeOf(work: () => Promise<unknown>, times = TIMES): Promise<number> {
  const startedAt = performance.now();
  for (let time = 0; time < times; time += 1) await work();
  return (performance.now() - startedAt) / times;
}

test(`O1 O4 O5 O9 ${EVENTS} events of 0.1 to 64 KiB on one blocked key, while ${OTHERS} other keys run`, async () => {
  const pipeline = uniqueName();
  const stream = await KinesisStream.create(emulator.endpoint, pipeline, 4);
  const project = await LedgerProject.create({ stream: pipeline, pipeline, more: 'retry: { maxAttempts: 1 }' });
  const { address } = devServer();
  const env = { ...EMULATOR_ENV, AWS_ENDPOINT_URL_KINESIS: emulator.endpoint, TEMPORAL_ADDRESS: address };
  const client = new Client({ connection: await Connection.connect({ address }) });
  const bridge = new KeylaneProcess(['bridge'], { cwd: project.folder, env });
  const worker = new KeylaneProcess(['worker'], { cwd: project.folder, env });
  const writer = new Writer(stream);
  const verb = (name: VerbName) => decide(client, { pipeline, key: STUCK, verb: name, args: {} });
  const pauseAndResume = async () => {
    await verb('pause');
    await verb('resume');
  };

  await writer.write(20);
  await eventually(async () => (await blockedLanes(client, { pipeline })).lanes.length === 1, MINUTE);
  const verbShort = await timeOf(pauseAndResume);

  const startedAt = Date.now();
  await writer.write(EVENTS - 20);
  const writtenAt = Date.now();
  const view = () => laneView(client, pipeline, STUCK);
  // All but the head.
  await eventually(async () => (await view()).waiting === EVENTS - 1, 30 * MINUTE);
  const heldAt = Date.now();
  // Queue and tail keep a segment's worth each.
  await eventually(async () => ((await view()).segments?.events ?? 0) >= EVENTS - 2000, MINUTE);
  const { segments } = await view();
  const verbLong = await timeOf(pauseAndResume);
  const pageFirst = await timeOf(() => backlogPage(client, pipeline, STUCK, { skip: 0, limit: 20 }), 1);
  const pageMiddle = await timeOf(() => backlogPage(client, pipeline, STUCK, { skip: EVENTS / 2, limit: 20 }), 1);
  const othersDone = [...writer.written].filter(([key]) => key !== STUCK).reduce((sum, [, n]) => sum + n, 0);
  await eventually(async () => (await project.booked()).length === othersDone, MINUTE);

  const releasedAt = Date.now();
  expect(await verb('skip')).toMatchObject({ outcome: 'done' });
  // New ones go on arriving.
  await writer.write(EVENTS / 50);
  const ofStuck = writer.written.get(STUCK) ?? 0;
  const total = [...writer.written.values()].reduce((sum, n) => sum + n, 0);
  await eventually(async () => (await view()).handled === ofStuck - 1, 60 * MINUTE);
  const drainedAt = Date.now();

  await eventually(async () => (await project.booked()).length >= total - 1, MINUTE);
  const ledger = new Ledger();
  for (const { key, n } of await project.booked()) ledger.note(key, n);
  for (const [key, n] of writer.written) expect(ledger.of(key), key).toEqual(upTo(n, key === STUCK ? 2 : 1));
  await eventually(async () => (await view()).segments === undefined);
  const runs = await runsOn(client, pipeline);
  const lanes = runs.filter(({ type }) => type === 'lane');
  const stuck = lanes.filter(({ workflowId }) => workflowId === `${pipeline}:${STUCK}`);
  const largest = await largestStart(client, stuck);
  printFigures('A long backlog', {
    'events of the blocked key, of 100 others': `${ofStuck}, ${total - ofStuck}`,
    'their data': mib(writer.bytes),
    'written in': seconds(writtenAt - startedAt),
    'held by the blocked lane after the last was written': seconds(heldAt - writtenAt),
    'segments at that time': segments?.count ?? 0,
    'pause or resume, 20 events behind the head': milliseconds(verbShort / 2),
    [`pause or resume, ${EVENTS} behind the head`]: milliseconds(verbLong / 2),
    'show --backlog, first page': milliseconds(pageFirst),
    'show --backlog, a page in the middle': milliseconds(pageMiddle),
    'drained after the release in': seconds(drainedAt - releasedAt),
    'runs of that lane': stuck.length,
    'largest history of any run of that lane': `${mib(peakOf(stuck).bytes)}, ${peakOf(stuck).events} events`,
    'largest input of any run of that lane': `${(largest / KIB).toFixed(0)} KiB`,
    'largest history of any run': `${mib(peakOf(runs).bytes)}, ${peakOf(runs).events} events`,
    'segments in all': runs.filter(({ type }) => type === 'segment').length,
    'peak memory of the bridge': await peakMemory(bridge.pid),
    'peak memory of the worker': await peakMemory(worker.pid),
  });
  expect(runs.filter(({ status }) => !['RUNNING', 'CONTINUED_AS_NEW', 'COMPLETED'].includes(status))).toEqual([]);
  expect(largest).toBeLessThan(256 * KIB);

  expect((await bridge.signal('SIGTERM')).code).toBe(0);
  expect((await worker.signal('SIGTERM')).code).toBe(0);
  await client.connection.close();
  stream.close();
  await project.remove();
});
