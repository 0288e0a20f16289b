import { setTimeout as delay } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import { pino } from 'pino';
import { kinesis } from '../../contracts/public/source-config.ts';
import type { Handler } from '../../contracts/public/handler.ts';
import { QUERIES } from '../../contracts/names.ts';
import { PIPELINE_UPDATES } from '../../contracts/pipeline/messages.ts';
import type { PipelineView } from '../../contracts/pipeline/view.ts';
import type { Settings } from '../../settings/settings.ts';
import { runProcess } from '../../worker/process.ts';
import { toPipelines } from '../../settings/to-pipelines.ts';

/** What something leaves in the history of the pipeline's workflow. */
export interface Cost {
  readonly events: number;
  readonly bytes: number;
}

export interface PipelineFigures {
  readonly shards: number;
  /** From the start of the pipeline's workflow to the first event that a handler has, and to one of every shard. */
  readonly firstSeconds: number;
  readonly allSeconds: number;
  /** The first listing, which is told whole, and the orders of all readers. */
  readonly start: Cost;
  /** A listing in which nothing is new. */
  readonly listing: Cost;
  /** All readers come home and are sent out again. */
  readonly shift: Cost;
  /** What is carried from run to run, and what a query gives. */
  readonly stateBytes: number;
  readonly viewBytes: number;
}

const PIPELINE = 'bench';
const DISCOVER_MS = 1000;
const LISTINGS = 10;
const CHECK_MS = 50;
const PATIENCE_MS = 180_000;

/** The whole of Keylane, with a Temporal dev server of its own, on a stream that has one record in every shard. */
export async function measurePipeline(stream: string, shards: number): Promise<PipelineFigures> {
  const seen = new Map<unknown, number>();
  const stop = new AbortController();
  const handler: Handler = (event) => void seen.set(event.json().n, Date.now());
  const settings = settingsOf(stream, handler);
  let figures: Promise<PipelineFigures> | undefined;
  await runProcess({
    settings,
    roles: ['bridge', 'worker'],
    embedded: { database: undefined },
    log: pino({ level: 'silent' }),
    report: (message) => process.stderr.write(`${message}\n`),
    signal: stop.signal,
    onReady: ({ client }) => {
      figures = measure(client, shards, seen).finally(() => stop.abort());
      // Told when the process has stopped.
      figures.catch(() => {});
    },
  });
  if (figures === undefined) throw new Error('The process has ended before it ran');
  return await figures;
}

const key = (record: { json(): { readonly key: string } }): string => record.json().key;

function settingsOf(stream: string, handler: Handler): Settings {
  const file = `${process.cwd()}/keylane.config.ts`;
  const reading = { discoverEvery: DISCOVER_MS, shift: '1h' } as const;
  const pipelines = toPipelines(
    { pipelines: { [PIPELINE]: { source: kinesis({ stream }), key, handler, reading } } },
    file,
  );
  const temporal = { address: undefined, namespace: undefined, taskQueue: PIPELINE };
  return { file, temporal, metrics: { address: undefined }, log: { keys: true }, pipelines };
}

async function measure(client: Client, shards: number, seen: ReadonlyMap<unknown, number>): Promise<PipelineFigures> {
  const handle = client.workflow.getHandle(PIPELINE);
  const { startTime } = await handle.describe();
  await until(() => seen.size >= shards);
  const times = [...seen.values()].map((at) => (at - startTime.getTime()) / 1000);
  const history = async (): Promise<Cost> => {
    const { historyLength, historySize = 0 } = await handle.describe();
    return { events: historyLength, bytes: historySize };
  };

  const begun = await history();
  await delay(DISCOVER_MS * LISTINGS);
  const listed = await history();
  await handle.executeUpdate(PIPELINE_UPDATES.pause, { args: [{ by: 'bench' }] });
  const view = async (): Promise<PipelineView> => await handle.query<PipelineView>(QUERIES.pipeline);
  await until(async () => (await view()).readers.length === 0);
  await handle.executeUpdate(PIPELINE_UPDATES.resume);
  await until(async () => (await view()).readers.flat().length === shards);
  const shifted = await history();
  const last = await view();
  return {
    shards,
    firstSeconds: Math.min(...times),
    allSeconds: Math.max(...times),
    start: begun,
    listing: difference(begun, listed, LISTINGS),
    shift: difference(listed, shifted, 1),
    stateBytes: JSON.stringify(last.state).length,
    viewBytes: JSON.stringify(last).length,
  };
}

function difference(before: Cost, after: Cost, times: number): Cost {
  return { events: (after.events - before.events) / times, bytes: (after.bytes - before.bytes) / times };
}

async function until(check: () => boolean | Promise<boolean>): Promise<void> {
  const end = Date.now() + PATIENCE_MS;
  while (!(await check())) {
    if (Date.now() > end) throw new Error(`Not within ${PATIENCE_MS} ms: ${check.toString()}`);
    await delay(CHECK_MS);
  }
}
