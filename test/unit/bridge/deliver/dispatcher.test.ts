import { expect, test } from 'vitest';
import { Dispatcher } from '../../../../bridge/deliver/dispatcher.ts';
import {
  DeliveryRejectedError,
  PressureError,
  RequestTooLargeError,
  type Delivery,
} from '../../../../bridge/deliver/gateway.ts';
import { ModelLanes, type Arrival } from './model-lanes.ts';
import { VirtualClock } from '../virtual-clock.ts';

const event = (key: string, n: number, text = `${n}`): Delivery => ({
  to: 'lane',
  key,
  event: {
    position: { shardId: 's', sequenceNumber: String(n) },
    arrivedAt: 0,
    data: { text },
    size: text.length,
    source: 'kinesis',
  },
});

interface Pending extends Arrival {
  readonly accept: () => void;
  readonly fail: (error: unknown) => void;
}

/** A dispatcher whose requests are answered by hand. */
function byHand(requestsInFlight = 10, stamp = async () => 42) {
  const clock = new VirtualClock();
  const pending: Pending[] = [];
  const lanes = new ModelLanes(
    async (arrival) =>
      await new Promise<void>((resolve, fail) => {
        const accept = (): void => {
          arrival.apply();
          resolve();
        };
        pending.push({ ...arrival, accept, fail });
      }),
  );
  const dispatcher = new Dispatcher({ gateway: lanes, lease: { stamp }, requestsInFlight, clock, random: () => 1 });
  const accepted: string[] = [];
  const submit = (delivery: Delivery): void => {
    const name = delivery.to === 'lane' ? `${delivery.key}${delivery.event.position.sequenceNumber}` : 'quarantined';
    dispatcher.submit(delivery, () => accepted.push(name));
  };
  /** The request that is in flight for longest. */
  const next = async (): Promise<Pending> => {
    await clock.settle();
    const first = pending.shift();
    if (first === undefined) throw new Error('no request in flight');
    return first;
  };
  return { clock, dispatcher, lanes, pending, submit, accepted, next };
}

const numbers = ({ request }: Arrival): string[] =>
  request.to === 'lane' ? request.events.map(({ position }) => position.sequenceNumber) : [];

test('O1: a lane has one request in flight, and what arrives meanwhile goes into the next', async () => {
  const { clock, submit, pending, accepted, next } = byHand();
  submit(event('a', 1));
  submit(event('a', 2));
  const first = await next();
  expect(numbers(first)).toEqual(['1', '2']);
  for (const n of [3, 4, 5]) submit(event('a', n));
  await clock.settle();
  expect(pending).toEqual([]);
  expect(accepted).toEqual([]);
  first.accept();
  const second = await next();
  expect(accepted).toEqual(['a1', 'a2']);
  expect(numbers(second)).toEqual(['3', '4', '5']);
  expect(second.request.leaseUntil).toBe(42);
});

test('O1: a request that failed is repeated with the same events in front, after a growing wait', async () => {
  const { clock, submit, pending, accepted, next } = byHand();
  submit(event('a', 1));
  (await next()).fail(new Error('timeout'));
  await clock.settle();
  submit(event('a', 2));
  await clock.advance(99);
  expect(pending).toEqual([]);
  await clock.advance(1);
  const second = await next();
  expect([numbers(second), second.request.attempt]).toEqual([['1', '2'], 2]);
  second.fail(new Error('timeout'));
  await clock.advance(199);
  expect(pending).toEqual([]);
  await clock.advance(1);
  const third = await next();
  expect([numbers(third), third.request.attempt]).toEqual([['1', '2'], 3]);
  third.accept();
  await clock.settle();
  expect(accepted).toEqual(['a1', 'a2']);
});

test('O6: every request has a stamp of its own, a repeated one too', async () => {
  let stamps = 0;
  const { clock, submit, next } = byHand(10, async () => (stamps += 1));
  submit(event('a', 1));
  const first = await next();
  first.fail(new Error('timeout'));
  await clock.advance(1000);
  expect([first.request.leaseUntil, (await next()).request.leaseUntil]).toEqual([1, 2]);
});

test('O3: a lane that fails holds no turn of the others', async () => {
  const { clock, submit, accepted, next } = byHand(1);
  submit(event('a', 1));
  submit(event('b', 1));
  (await next()).fail(new Error('throttled'));
  (await next()).accept();
  await clock.settle();
  expect(accepted).toEqual(['b1']);
});

test('O9: no more requests in flight than allowed, and lanes take turns in the order in which they came', async () => {
  const { clock, submit, pending, lanes, next } = byHand(2);
  for (const key of ['a', 'b', 'c', 'd']) submit(event(key, 1));
  await clock.settle();
  expect(pending.map(({ id }) => id)).toEqual(['a', 'b']);
  const first = await next();
  submit(event('a', 2));
  first.accept();
  await clock.settle();
  expect(pending.map(({ id }) => id)).toEqual(['b', 'c']);
  (await next()).accept();
  (await next()).accept();
  await clock.settle();
  expect(pending.map(({ id }) => id)).toEqual(['d', 'a']);
  expect(lanes.max).toBe(2);
});

test('O9: a request has 500 records and 512 KiB at the most; a single record may be larger', async () => {
  const { submit, next, clock } = byHand();
  for (let n = 1; n <= 1001; n += 1) submit(event('many', n));
  const counts: number[] = [];
  for (let request = 1; request <= 3; request += 1) {
    const each = await next();
    counts.push(numbers(each).length);
    each.accept();
  }
  expect(counts).toEqual([500, 500, 1]);
  const large = 'x'.repeat(600 * 1024);
  const half = 'x'.repeat(255 * 1024);
  for (const [n, text] of [half, half, 'x', large, 'y'].entries()) submit(event('large', n + 1, text));
  const sent: string[][] = [];
  for (let request = 1; request <= 3; request += 1) {
    const each = await next();
    sent.push(numbers(each));
    each.accept();
  }
  expect(sent).toEqual([['1', '2', '3'], ['4'], ['5']]);
  await clock.settle();
});

test('O4: a record that is refused is kept and sent again, when the refusal says', async () => {
  const { clock, submit, pending, accepted, next } = byHand();
  submit(event('a', 1));
  (await next()).fail(new DeliveryRejectedError('too large', 60_000));
  await clock.advance(59_999);
  expect(pending).toEqual([]);
  await clock.advance(1);
  (await next()).accept();
  await clock.settle();
  expect(accepted).toEqual(['a1']);
});

test('O1 O9: a request that is too large for the server goes in smaller parts, at once and in order', async () => {
  const { clock, submit, accepted, next } = byHand();
  for (let n = 1; n <= 5; n += 1) submit(event('a', n));
  const sent: string[][] = [];
  while (accepted.length < 5) {
    const each = await next();
    sent.push(numbers(each));
    if (numbers(each).length > 1) each.fail(new RequestTooLargeError('5 records are too large'));
    else each.accept();
    await clock.settle();
  }
  expect(sent).toEqual([['1', '2', '3', '4', '5'], ['1', '2'], ['1'], ['2'], ['3'], ['4'], ['5']]);
  // Nobody knows it any more when the lane comes again.
  for (let n = 6; n <= 8; n += 1) submit(event('a', n));
  expect(numbers(await next())).toEqual(['6', '7', '8']);
});

test('O9: after a refusal for size requests grow again, and a size that is always refused is tried less and less (fault B9)', async () => {
  const { clock, submit, next } = byHand();
  let n = 0;
  const refill = (): void => {
    for (let i = 0; i < 500; i += 1) submit(event('a', ++n));
  };
  const sizes: number[] = [];
  const answer = async (max: number, count: number): Promise<number[]> => {
    sizes.length = 0;
    for (let i = 0; i < count; i += 1) {
      refill();
      const each = await next();
      sizes.push(numbers(each).length);
      if (numbers(each).length > max) each.fail(new RequestTooLargeError('too large'));
      else each.accept();
      await clock.settle();
    }
    return sizes;
  };
  await answer(100, 3);
  expect(sizes).toEqual([500, 250, 125]);
  await answer(500, 40);
  expect(sizes.at(-1)).toBe(500);
  // A server that never takes more than 100 is not asked to every other time.
  await answer(100, 400);
  const refused = sizes.slice(100).filter((size) => size > 100);
  expect(refused.length).toBeGreaterThan(0);
  expect(refused.length).toBeLessThan(30);
});

test('O3 O9: one record that the server refuses for its size is sent without its data, at once (fault B1)', async () => {
  const { clock, submit, accepted, next } = byHand();
  submit(event('a', 1, 'x'.repeat(1000)));
  submit(event('a', 2));
  (await next()).fail(new RequestTooLargeError('too large'));
  (await next()).fail(new RequestTooLargeError('too large'));
  const without = await next();
  expect(without.request).toMatchObject({
    events: [{ size: 1000, data: { sourceOnly: { preview: 'x'.repeat(384) } } }],
  });
  without.accept();
  (await next()).accept();
  await clock.settle();
  expect(accepted).toEqual(['a1', 'a2']);
});

test('O8: records without a key go to the quarantine in a queue of their own', async () => {
  const { submit, next } = byHand();
  const { position } = { position: { shardId: 's', sequenceNumber: '7' } };
  submit({ to: 'quarantine', record: { position, arrivedAt: 0, data: { text: '' }, size: 0, reason: 'none' } });
  submit(event('quarantine', 8));
  expect((await next()).request).toMatchObject({ to: 'quarantine', records: [{ position, reason: 'none' }] });
  expect((await next()).request).toMatchObject({ to: 'lane', key: 'quarantine' });
});

test('O6: after a stop nothing is sent, and an answer that comes late counts for nothing', async () => {
  const { clock, dispatcher, submit, pending, accepted, next } = byHand();
  submit(event('a', 1));
  submit(event('b', 1));
  const [a, b] = [await next(), await next()];
  b.fail(new Error('timeout'));
  await clock.settle();
  dispatcher.stop();
  expect(a.signal.aborted).toBe(true);
  a.accept();
  submit(event('c', 1));
  await clock.advance(60_000);
  expect(pending).toEqual([]);
  expect(accepted).toEqual([]);
  expect(clock.sleepers).toBe(0);
});

test('whenEmpty waits for the last acceptance', async () => {
  const { clock, dispatcher, submit, next } = byHand();
  await dispatcher.whenEmpty();
  submit(event('a', 1));
  submit(event('b', 1));
  const state = { empty: false };
  void dispatcher.whenEmpty().then(() => (state.empty = true));
  (await next()).accept();
  await clock.settle();
  expect(state.empty).toBe(false);
  (await next()).accept();
  await clock.settle();
  expect(state.empty).toBe(true);
});

test('whenStuck waits for all that may be accepted soon, and not for what is refused until later', async () => {
  const { clock, dispatcher, pending, submit } = byHand();
  await dispatcher.whenOnlyRejectedRemain();
  for (const key of ['large', 'slow', 'failing']) submit(event(key, 1));
  const state = { stuck: false };
  void dispatcher.whenOnlyRejectedRemain().then(() => (state.stuck = true));
  await clock.settle();
  const [large, slow, failing] = pending;
  large!.fail(new DeliveryRejectedError('larger than Temporal accepts', 60_000));
  failing!.fail(new Error('out of reach'));
  slow!.accept();
  await clock.settle();
  expect(state.stuck).toBe(false);
  await clock.advance(1000);
  pending[3]!.accept();
  await clock.settle();
  expect(state.stuck).toBe(true);
});

test('O9: out of reach for all: one request now and then, and everything at once when it is back', async () => {
  const { clock, submit, pending, accepted, next } = byHand(4);
  for (const key of ['a', 'b', 'c', 'd', 'e', 'f']) submit(event(key, 1));
  await clock.settle();
  expect(pending).toHaveLength(4);
  for (let each = 0; each < 4; each += 1) (await next()).fail(new PressureError('unavailable', false));
  await clock.advance(99);
  expect(pending).toEqual([]);
  const tried: string[] = [];
  for (const waitMs of [1, 200, 400, 800]) {
    await clock.advance(waitMs);
    expect(pending).toHaveLength(1);
    const probe = await next();
    tried.push(probe.id);
    probe.fail(new PressureError('unavailable', false));
  }
  // The two that had not been tried go first, then those that were, in their order.
  expect(tried).toEqual(['e', 'f', 'a', 'b']);
  await clock.advance(1600);
  for (let each = 0; each < 6; each += 1) (await next()).accept();
  await clock.settle();
  expect(accepted.toSorted()).toEqual(['a1', 'b1', 'c1', 'd1', 'e1', 'f1']);
});

test('O1: pressure reorders no lane: what failed is in front of what came since', async () => {
  const { clock, submit, accepted, next } = byHand(2);
  submit(event('a', 1));
  const first = await next();
  submit(event('a', 2));
  first.fail(new PressureError('throttled', true));
  await clock.advance(100);
  const second = await next();
  expect([numbers(second), second.request.attempt]).toEqual([['1', '2'], 2]);
  second.accept();
  await clock.settle();
  expect(accepted).toEqual(['a1', 'a2']);
});

test('O3: a lane without an answer, while others have theirs, waits alone', async () => {
  const { clock, submit, pending, next } = byHand(2);
  submit(event('a', 1));
  submit(event('b', 1));
  const [a, b] = [await next(), await next()];
  b.accept();
  await clock.settle();
  a.fail(new PressureError('deadline exceeded', false));
  submit(event('c', 1));
  submit(event('d', 1));
  await clock.settle();
  expect(pending.map(({ id }) => id)).toEqual(['c', 'd']);
});

test('O3: a lane that never has an answer makes others wait once, however little they send', async () => {
  const { clock, submit, pending, accepted, next } = byHand(2);
  const outOfReach = new PressureError('internal error', false);
  submit(event('broken', 1));
  (await next()).fail(outOfReach);
  await clock.advance(100);
  // It goes first, and everybody rests for it.
  (await next()).fail(outOfReach);
  submit(event('other', 1));
  await clock.settle();
  expect(pending).toEqual([]);
  await clock.advance(200);
  for (let n = 2; n <= 5; n += 1) {
    const each = [await next()];
    await clock.settle();
    each.push(...pending.splice(0));
    for (const { accept, fail, id } of each) (id === 'broken' ? () => fail(outOfReach) : accept)();
    await clock.settle();
    submit(event('other', n));
    await clock.settle();
    expect(pending.map(({ id }) => id)).toContain('other');
  }
  expect(accepted).toContain('other4');
});

test('O3: a lane that is full takes no turns from others, and gets what waits for it when it has room', async () => {
  const { clock, dispatcher, submit, pending, accepted, next } = byHand(1);
  const full = new DeliveryRejectedError('full', 2000);
  submit(event('full', 1));
  (await next()).fail(full);
  await dispatcher.whenOnlyRejectedRemain();
  for (let n = 1; n <= 5; n += 1) {
    submit(event('full', n + 1));
    submit(event('other', n));
    (await next()).accept();
    await clock.settle();
    expect(pending).toEqual([]);
  }
  await clock.advance(2000);
  const again = await next();
  expect(numbers(again)).toEqual(['1', '2', '3', '4', '5', '6']);
  again.accept();
  await clock.settle();
  expect(accepted).toHaveLength(11);
});
