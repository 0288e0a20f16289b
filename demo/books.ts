import { readFile } from 'node:fs/promises';
import { EVENTS_PER_ORDER, FIXED_AMOUNT, ORDERS, POISON_EVENT, POISON_ORDER } from './orders.ts';

interface Entry {
  readonly orderId: string;
  readonly n: number;
  readonly amount: number;
}

/** What the example's handler has booked, in the order in which it did. */
export async function readBooks(file: string): Promise<Entry[]> {
  const text = await readFile(file, 'utf8').catch(() => '');
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Entry);
}

/** Every way in which the books differ from what was written: each event of each order once, in order (O1, O4). */
export function deviations(entries: readonly Entry[]): string[] {
  const found: string[] = [];
  const expected = Array.from({ length: EVENTS_PER_ORDER }, (_, index) => index + 1).join(' ');
  for (let order = 1; order <= ORDERS; order += 1) {
    const orderId = `order-${order}`;
    const booked = entries.filter((entry) => entry.orderId === orderId).map((entry) => entry.n);
    if (booked.join(' ') !== expected) found.push(`${orderId}: handled ${booked.join(' ') || 'nothing'}`);
  }
  const poison = entries.find((entry) => entry.orderId === POISON_ORDER && entry.n === POISON_EVENT);
  if (poison !== undefined && poison.amount !== FIXED_AMOUNT) {
    found.push(`${POISON_ORDER}: event ${POISON_EVENT} was handled with amount ${poison.amount}`);
  }
  return found;
}
