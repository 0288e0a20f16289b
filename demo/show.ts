import type { Client } from '@temporalio/client';
import { relative } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { decide } from '../operations/decisions/decide.ts';
import type { ReadyProcess } from '../worker/process.ts';
import { deviations, readBooks } from './books.ts';
import { EVENTS_PER_ORDER, fixed, orderEvents, ORDERS, POISON_EVENT, POISON_ORDER } from './orders.ts';
import type { OrderProducer } from './producer.ts';
import type { Screen } from './screen.ts';
import { showSummary, summarize, type Summary } from './summary.ts';

export interface ShowOptions {
  readonly ready: ReadyProcess;
  /** The settings file, for the commands that a person is shown. */
  readonly settings: string;
  readonly producer: OrderProducer;
  /** Where the example's handler books. */
  readonly books: string;
  readonly exit: boolean;
  readonly screen: Screen;
  readonly signal: AbortSignal;
}

const PAUSE_MS = 400;
const LOOK_EVERY_MS = 500;
const GIVE_UP_MS = 120_000;
const ALL = ORDERS * EVENTS_PER_ORDER;
/** Events of the poison order from the poison one on: they wait. */
const HELD_BACK = EVENTS_PER_ORDER - POISON_EVENT + 1;

/** What a person sees. Gives the exit code. */
export async function runShow(options: ShowOptions): Promise<number> {
  const { ready, producer, exit, screen, signal } = options;
  const { client } = ready;
  const began = Date.now();
  try {
    screen.say(`Temporal UI: ${ready.uiUrl}`);
    screen.say(`Writing ${ALL} events of ${ORDERS} orders; event ${POISON_EVENT} of ${POISON_ORDER} is poison.`);
    const events = orderEvents();
    const writing = producer.write(events, PAUSE_MS, signal);
    // Told by the look below; an unhandled rejection meanwhile would end the process.
    writing.catch(() => undefined);
    await lookUntil(options, ({ handled, lanes }) => lanes.blocked === 1 && handled >= ALL - HELD_BACK);
    await writing;
    screen.say();
    screen.say(`${POISON_ORDER} is blocked with ${HELD_BACK} events; all other orders are done.`);
    if (!exit) {
      sayHowToRelease(options, client);
      await lookUntil(options, () => false, Infinity);
      return 0;
    }
    screen.say(`Releasing it: replace with an amount that is a number`);
    const args = { data: fixed(), by: 'demo', reason: 'the amount was a word' };
    await decide(client, { pipeline: 'orders', key: POISON_ORDER, verb: 'replace', args });
    await lookUntil(options, ({ handled }) => handled >= ALL);
    return await conclude(options, Date.now() - began);
  } catch (error) {
    if (signal.aborted) return 0;
    screen.say(`The demo failed: ${error instanceof Error ? error.message : String(error)}`);
    return 1;
  }
}

/** Looks again and again, and shows what it sees, until it is as it should be. */
async function lookUntil(
  { ready, books, screen, signal }: ShowOptions,
  isGood: (summary: Summary) => boolean,
  giveUpMs = GIVE_UP_MS,
): Promise<void> {
  const until = Date.now() + giveUpMs;
  for (;;) {
    const summary = await summarize(ready.client, (await readBooks(books)).length);
    screen.live(showSummary(summary));
    if (isGood(summary)) return;
    if (Date.now() > until) throw new Error(`this did not change for too long: ${showSummary(summary)}`);
    await delay(LOOK_EVERY_MS, undefined, { signal });
  }
}

function sayHowToRelease({ ready, settings, screen }: ShowOptions, client: Client): void {
  const connection = client.connection as { readonly options?: { readonly address?: string } };
  const where = `--config ${relative(process.cwd(), settings)} --address ${connection.options?.address}`;
  const keylane = 'node dist/cli/main.js';
  const workflow = `${ready.uiUrl}/namespaces/default/workflows/${encodeURIComponent(`orders:${POISON_ORDER}`)}`;
  const lines = [
    '',
    'In another terminal, look at it:',
    `  ${keylane} blocked ${where}`,
    `  ${keylane} show ${POISON_ORDER} ${where}`,
    'and release it, with corrected data or without the record:',
    `  ${keylane} replace ${POISON_ORDER} --data '${JSON.stringify(fixed())}' --reason 'the amount was a word' ${where}`,
    `  ${keylane} skip ${POISON_ORDER} ${where}`,
    `In the Temporal UI: ${workflow}`,
    'Ctrl-C stops everything.',
    '',
  ];
  for (const line of lines) screen.say(line);
}

async function conclude({ books, screen }: ShowOptions, tookMs: number): Promise<number> {
  const found = deviations(await readBooks(books));
  screen.say();
  for (const deviation of found) screen.say(`DEVIATION ${deviation}`);
  if (found.length > 0) return 1;
  const rate = Math.round(ALL / (tookMs / 1000));
  screen.say(`Every event of every order was handled once and in order, ${ALL} in ${(tookMs / 1000).toFixed(1)} s.`);
  screen.say(`(The producer takes its time: that is ${rate} events/s.)`);
  return 0;
}
