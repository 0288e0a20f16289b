import { appendFile } from 'node:fs/promises';
import type { Handler } from 'keylane';

/** An event of an order, as the producer writes it. */
interface OrderEvent {
  readonly orderId: string;
  /** The nth event of its order. */
  readonly n: number;
  readonly type: 'placed' | 'paid' | 'packed' | 'shipped';
  readonly amount: number;
}

/**
 * Books one event of an order. An amount that is not a number cannot be booked: the handler throws, is tried again, and
 * after the last attempt the order is blocked until a person decides. All other orders go on.
 */
const handle: Handler = async (event, context) => {
  const { orderId, n, type, amount }: OrderEvent = event.json();
  if (typeof amount !== 'number') {
    throw new TypeError(`The amount of order ${orderId} is ${JSON.stringify(amount)}, not a number`);
  }
  context.log.debug({ orderId, n, type, amount }, 'Booked');
  // The books of this example: one line for each event, in the order in which they were handled.
  const books = process.env['ORDERS_BOOKS'];
  if (books !== undefined) await appendFile(books, `${JSON.stringify({ orderId, n, amount })}\n`);
};

export default handle;
