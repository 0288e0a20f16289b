/** The orders that the demo writes: what each event says, and which one is poison. */
export interface OrderEvent {
  readonly orderId: string;
  /** The nth event of its order, from 1. */
  readonly n: number;
  readonly type: string;
  readonly amount: number | string;
}

export const ORDERS = 40;
export const EVENTS_PER_ORDER = 15;
export const POISON_ORDER = 'order-13';
/** The event of the poison order that cannot be booked. */
export const POISON_EVENT = 5;
export const POISON_AMOUNT = 'twelve';
export const FIXED_AMOUNT = 12;

const TYPES = ['placed', 'paid', 'packed', 'shipped'] as const;

/** All events, the orders mixed, each order's own in order. */
export function orderEvents(): OrderEvent[] {
  const events: OrderEvent[] = [];
  for (let n = 1; n <= EVENTS_PER_ORDER; n += 1) {
    for (let order = 1; order <= ORDERS; order += 1) events.push(orderEvent(`order-${order}`, n));
  }
  return events;
}

function orderEvent(orderId: string, n: number): OrderEvent {
  const isPoison = orderId === POISON_ORDER && n === POISON_EVENT;
  const type = TYPES[(n - 1) % TYPES.length] ?? 'placed';
  return { orderId, n, type, amount: isPoison ? POISON_AMOUNT : 10 + n };
}

/** The poison event as a person mends it. */
export function fixed(): OrderEvent {
  return { ...orderEvent(POISON_ORDER, POISON_EVENT), amount: FIXED_AMOUNT };
}
