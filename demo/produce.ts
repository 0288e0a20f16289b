#!/usr/bin/env node
/** The demo's producer alone: for docker compose, where everything else runs in containers of its own. */
import { fixed, orderEvents, ORDERS, POISON_EVENT, POISON_ORDER } from './orders.ts';
import { OrderProducer } from './producer.ts';

const SHARDS = 4;
const PAUSE_MS = 400;

const stop = new AbortController();
process.once('SIGINT', () => stop.abort()).once('SIGTERM', () => stop.abort());

const say = (line: string): boolean => process.stdout.write(`${line}\n`);
const producer = new OrderProducer('orders');
try {
  await producer.createStream(SHARDS, stop.signal);
  const events = orderEvents();
  say(`Writing ${events.length} events of ${ORDERS} orders; event ${POISON_EVENT} of ${POISON_ORDER} is poison.`);
  await producer.write(events, PAUSE_MS, stop.signal);
  const keylane = 'docker compose exec worker keylane';
  say(`All are written. ${POISON_ORDER} is blocked, or will be in a moment. Look at it, and release it:`);
  say(`  ${keylane} blocked`);
  say(`  ${keylane} show ${POISON_ORDER}`);
  say(`  ${keylane} replace ${POISON_ORDER} --data '${JSON.stringify(fixed())}' --reason 'the amount was a word'`);
} catch (error) {
  if (!stop.signal.aborted) throw error;
} finally {
  producer.close();
}
