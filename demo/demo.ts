/**
 * The demo: the whole of Keylane on one machine. Starts an emulator, the embedded server, bridge and worker, and a
 * producer; shows how a poison record stops its own key only; and stops everything again, in order.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createLog } from '../cli/log.ts';
import { runProcess } from '../worker/process.ts';
import { loadSettings } from '../settings/load.ts';
import { startKinesalite } from './emulator.ts';
import { OrderProducer } from './producer.ts';
import { Screen } from './screen.ts';
import { runShow } from './show.ts';

export interface DemoOptions {
  readonly exit: boolean;
  readonly verbose: boolean;
  readonly signal: AbortSignal;
}

const SHARDS = 4;

/** Gives the exit code. */
export async function runDemo({ exit, verbose, signal }: DemoOptions): Promise<number> {
  const screen = new Screen(process.stdout);
  const folder = await mkdtemp(join(tmpdir(), 'keylane-demo-'));
  const books = join(folder, 'books.jsonl');
  screen.say('Starting a Kinesis emulator (kinesalite)');
  const emulator = await startKinesalite();
  Object.assign(process.env, {
    AWS_ENDPOINT_URL_KINESIS: emulator.endpoint,
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'demo',
    AWS_SECRET_ACCESS_KEY: 'demo',
    ORDERS_BOOKS: books,
  });
  const producer = new OrderProducer('orders');
  const done = new AbortController();
  const stop = AbortSignal.any([signal, done.signal]);
  try {
    await producer.createStream(SHARDS, signal);
    const file = fileURLToPath(new URL('../../examples/orders/keylane.config.ts', import.meta.url));
    const settings = await loadSettings({ cwd: process.cwd(), file });
    screen.say(`Stream "orders" with ${SHARDS} shards is there; starting Temporal, bridge and worker`);
    const log = createLog({ logLevel: verbose ? 'info' : 'error', logFormat: 'pretty' }, process.stderr, false);
    let show: Promise<number> | undefined;
    await runProcess({
      settings,
      roles: ['bridge', 'worker'],
      embedded: { database: undefined },
      log,
      report: (message) => screen.say(message),
      signal: stop,
      onReady: (ready) => {
        show = runShow({ ready, settings: file, producer, books, exit, screen, signal }).finally(() => done.abort());
      },
    });
    return (await show) ?? 0;
  } catch (error) {
    if (signal.aborted) return 0;
    throw error;
  } finally {
    screen.end();
    screen.say('Stopping the emulator');
    producer.close();
    await emulator.stop();
    await rm(folder, { recursive: true, force: true });
  }
}
