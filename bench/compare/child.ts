/** One contender in a process of its own: reader and worker, beside the server that the parent has started. */
import process from 'node:process';
import { Book } from './book.ts';
import type { Contender } from './contenders/contender.ts';
import type { ContenderName } from './contenders/names.ts';
import { isOrder, type ChildMessage, type Entry } from './messages.ts';

const PROGRESS_MS = 250;

/** Each loads what it needs, and nothing of the others. */
const CONTENDERS: Readonly<Record<ContenderName, () => Promise<Contender>>> = {
  pooled: async () => (await import('./contenders/keylane.ts')).keylane({ hosting: 'pooled' }),
  own: async () => (await import('./contenders/keylane.ts')).keylane({}),
  plain: async () => (await import('./contenders/plain.ts')).plain,
  restate: async () => (await import('./contenders/restate.ts')).restate,
};

function tell(message: ChildMessage): void {
  process.send?.(message);
}

async function main(entry: Entry): Promise<void> {
  const stop = new AbortController();
  process.on('message', (message) => {
    if (isOrder(message)) stop.abort();
  });
  process.once('disconnect', () => process.exit(1));
  const book = new Book(entry.load, {
    begun: () => tell({ kind: 'begun' }),
    finished: () => tell({ kind: 'finished' }),
  });
  const progress = setInterval(() => tell({ kind: 'progress', handled: book.handled }), PROGRESS_MS);
  const contender = await CONTENDERS[entry.contender]();
  await contender({ stream: entry.stream, address: entry.address, book, signal: stop.signal });
  clearInterval(progress);
  // What came after the last event that was expected counts as well.
  const { handled, total, seconds, deviations, latency } = book;
  tell({ kind: 'result', result: { handled, total, seconds, deviations, latency } });
}

await main(JSON.parse(process.argv[2] ?? '') as Entry);
process.disconnect();
