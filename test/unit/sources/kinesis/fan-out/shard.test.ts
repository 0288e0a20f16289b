/** A shard read by SubscribeToShard, at a service that does what no emulator does: end it, cut it off, take it over. */
import { describe, expect, test } from 'vitest';
import type { StartPoint } from '../../../../../contracts/pipeline/options.ts';
import { SourceConfigurationError, SourceUnavailableError } from '../../../../../sources/errors.ts';
import type { ShardCursor } from '../../../../../sources/source.ts';
import { Refused } from '../../../../support/fan-out/scripted-fan-out.ts';
import { aggregate } from '../aggregate-encoder.ts';
import { never, records, SHARD, textsOf, useScriptedFanOut } from './setup.ts';

const it = useScriptedFanOut();
const CHILDREN = [{ ShardId: 'shardId-000000000001', ParentShards: [SHARD] }];

/**
 * Asks for the next page and lets the service push this for it, over a subscription that is there or has to be made.
 */
async function push(cursor: ShardCursor, event: Record<string, unknown>) {
  const page = cursor.next(never);
  const subscription = await it.service.subscribed();
  subscription.send(event);
  return { subscription, page: await page };
}

const failureOf = (page: Promise<unknown>) =>
  page.then(
    () => undefined,
    (error: unknown) => error as Error,
  );

describe('where a subscription begins', () => {
  test.each<[StartPoint, object]>([
    [{ at: 'horizon' }, { Type: 'TRIM_HORIZON' }],
    [
      { at: 'time', since: 1_700_000_000_000 },
      { Type: 'AT_TIMESTAMP', Timestamp: 1_700_000_000 },
    ],
    [
      { at: 'after', position: { shardId: SHARD, sequenceNumber: '7' } },
      { Type: 'AT_SEQUENCE_NUMBER', SequenceNumber: '7' },
    ],
  ])('%o', async (start, expected) => {
    const { subscription } = await push(it.cursor(start), { ContinuationSequenceNumber: '8' });
    expect(subscription.input).toMatchObject({ ShardId: SHARD, StartingPosition: expected });
  });

  test('O6: the record at the position, which proves that nothing was trimmed, is not returned again', async () => {
    const cursor = it.cursor({ at: 'after', position: { shardId: SHARD, sequenceNumber: '7' } });
    const { page } = await push(cursor, { Records: records(7, 8), ContinuationSequenceNumber: '8' });
    expect(textsOf(page)).toEqual(['8']);
    expect(page).not.toHaveProperty('gap');
  });

  test('O10: another record in its place is a gap', async () => {
    const position = { shardId: SHARD, sequenceNumber: '7' };
    const { page } = await push(it.cursor({ at: 'after', position }), {
      Records: records(9),
      ContinuationSequenceNumber: '9',
    });
    expect(page.gap).toEqual({ after: position, until: { shardId: SHARD, sequenceNumber: '9' } });
  });

  test('O10: a place that AWS does not have any more is a gap, and reading goes on at the horizon', async () => {
    const position = { shardId: SHARD, sequenceNumber: '7' };
    const cursor = it.cursor({ at: 'after', position });
    it.service.answers['SubscribeToShard'] = ({ StartingPosition }) => {
      if ((StartingPosition as { Type: string }).Type === 'AT_SEQUENCE_NUMBER')
        throw new Refused('InvalidArgumentException');
      return {};
    };
    const { page, subscription } = await push(cursor, { Records: records(9), ContinuationSequenceNumber: '9' });
    expect(subscription.input).toMatchObject({ StartingPosition: { Type: 'TRIM_HORIZON' } });
    expect(page).toMatchObject({ gap: { after: position } });
  });
});

test('O4: a place before the beginning of its shard is one of a stream that had this name before', async () => {
  it.service.answers['SubscribeToShard'] = () => {
    throw new Refused('InvalidArgumentException');
  };
  it.service.answers['ListShards'] = () => ({
    Shards: [{ ShardId: SHARD, SequenceNumberRange: { StartingSequenceNumber: '8' } }],
  });
  const failure = await failureOf(
    it.cursor({ at: 'after', position: { shardId: SHARD, sequenceNumber: '7' } }).next(never),
  );
  expect(failure).toBeInstanceOf(SourceConfigurationError);
  expect(failure?.message).toMatch(/created again.*--start-over/);
});

describe('a running subscription', () => {
  test('O1: gives event after event in order, with how far behind they are', async () => {
    const cursor = it.cursor();
    const { page, subscription } = await push(cursor, {
      Records: records(1, 2),
      ContinuationSequenceNumber: '2',
      MillisBehindLatest: 1500,
    });
    expect(textsOf(page)).toEqual(['1', '2']);
    expect(page).toMatchObject({ ended: false, lagMs: 1500 });
    subscription.send({ Records: records(3), ContinuationSequenceNumber: '3' });
    subscription.send({ ContinuationSequenceNumber: '4' });
    expect(textsOf(await cursor.next(never))).toEqual(['3']);
    expect(await cursor.next(never)).toMatchObject({ records: [], ended: false, lagMs: 0 });
  });

  test('that has come to its end is renewed where it ended, also when no record had come', async () => {
    const cursor = it.cursor();
    const { subscription } = await push(cursor, { Records: records(1), ContinuationSequenceNumber: '1' });
    subscription.send({ ContinuationSequenceNumber: '5' });
    await cursor.next(never);
    subscription.end();
    const renewed = await push(cursor, { Records: records(6), ContinuationSequenceNumber: '6' });
    expect(renewed.subscription.input).toMatchObject({
      StartingPosition: { Type: 'AFTER_SEQUENCE_NUMBER', SequenceNumber: '5' },
    });
    expect(textsOf(renewed.page)).toEqual(['6']);
  });

  test('a continuation number that is refused is no place: the cursor goes back to its own', async () => {
    const cursor = it.cursor();
    const { subscription } = await push(cursor, { Records: records(1), ContinuationSequenceNumber: '5' });
    it.service.answers['SubscribeToShard'] = ({ StartingPosition }) => {
      if ((StartingPosition as { SequenceNumber?: string }).SequenceNumber === '5')
        throw new Refused('InvalidArgumentException');
      return {};
    };
    subscription.end();
    const renewed = await push(cursor, { Records: records(1, 6), ContinuationSequenceNumber: '6' });
    expect(renewed.subscription.input).toMatchObject({
      StartingPosition: { Type: 'AT_SEQUENCE_NUMBER', SequenceNumber: '1' },
    });
    expect(textsOf(renewed.page)).toEqual(['6']);
    expect(renewed.page).not.toHaveProperty('gap');
  });

  test('O4: after an error past the event the same records come again', async () => {
    const cursor = it.cursor({ at: 'horizon' });
    const first = await push(cursor, { Records: records(1), ContinuationSequenceNumber: '1' });
    // An aggregate makes the hash keys of the shard be asked for.
    const Data = Buffer.from(aggregate([{ partitionKey: 'a', data: Buffer.from('2') }])).toString('base64');
    const [record] = records(2);
    it.service.answers['ListShards'] = () => {
      throw new Refused('LimitExceededException');
    };
    const event = { Records: [{ ...record, Data }], ContinuationSequenceNumber: '2' };
    const failed = failureOf(cursor.next(never));
    first.subscription.send(event);
    expect(await failed).toBeInstanceOf(SourceUnavailableError);
    await first.subscription.closed;
    it.service.answers['ListShards'] = () => ({ Shards: [{ ShardId: SHARD, SequenceNumberRange: {} }] });
    const { page, subscription } = await push(cursor, event);
    expect(subscription.input).toMatchObject({ StartingPosition: { SequenceNumber: '1' } });
    expect(page.records).toMatchObject([
      { partitionKey: 'a', position: { sequenceNumber: '2', subSequenceNumber: 0 } },
    ]);
  });
});

describe('the end of a shard', () => {
  test('O2: is a null continuation number with child shards; the records beside it come with it', async () => {
    const cursor = it.cursor();
    const { page, subscription } = await push(cursor, { Records: records(1), ChildShards: CHILDREN });
    expect(textsOf(page)).toEqual(['1']);
    expect(page.ended).toBe(true);
    await subscription.closed;
    expect(await cursor.next(never)).toEqual({ records: [], ended: true });
  });

  test('O2: child shards beside a continuation number are none', async () => {
    const { page } = await push(it.cursor(), { ContinuationSequenceNumber: '1', ChildShards: CHILDREN });
    expect(page.ended).toBe(false);
  });

  test('O2: a null continuation number alone is asked again, and is one when the listing says so too', async () => {
    const cursor = it.cursor();
    const first = await push(cursor, { Records: records(1) });
    expect(first.page.ended).toBe(false);
    expect((await push(cursor, { Records: records(1) })).page).toMatchObject({ records: [], ended: false });
    const closed = { StartingSequenceNumber: '0', EndingSequenceNumber: '9' };
    it.service.answers['ListShards'] = () => ({ Shards: [{ ShardId: SHARD, SequenceNumberRange: closed }] });
    const last = await push(cursor, { Records: records(1) });
    expect(last.subscription.input).toMatchObject({ StartingPosition: { SequenceNumber: '1' } });
    expect(last.page).toMatchObject({ records: [], ended: true });
  });

  test('a shard that has expired is over', async () => {
    it.service.answers['SubscribeToShard'] = () => {
      throw new Refused('ResourceNotFoundException');
    };
    it.service.answers['ListShards'] = () => ({ Shards: [{ ShardId: 'shardId-000000000009' }] });
    expect(await it.cursor().next(never)).toMatchObject({ records: [], ended: true });
  });
});

describe('readError', () => {
  test('a subscription that another one takes over is made anew behind what was returned', async () => {
    const cursor = it.cursor();
    const { subscription } = await push(cursor, { Records: records(1), ContinuationSequenceNumber: '1' });
    subscription.fail('ResourceInUseException');
    const failure = await failureOf(cursor.next(never));
    expect(failure).toBeInstanceOf(SourceUnavailableError);
    expect(failure?.message).toMatch(/kinesis:orders: .*another process.*consumer keylane.*its own in `fanOut`/);
    const renewed = await push(cursor, { Records: records(2), ContinuationSequenceNumber: '2' });
    expect(renewed.subscription.input).toMatchObject({ StartingPosition: { SequenceNumber: '1' } });
    expect(textsOf(renewed.page)).toEqual(['2']);
  });

  test('one that ends long before its time, without a word, counts as taken over', async () => {
    const cursor = it.cursor({ at: 'horizon' }, { fullAgeMs: 60_000 });
    const { subscription } = await push(cursor, { Records: records(1), ContinuationSequenceNumber: '1' });
    subscription.end();
    const failure = await failureOf(cursor.next(never));
    expect(failure).toBeInstanceOf(SourceUnavailableError);
    expect(failure?.message).toContain('was subscribed to for 0s only');
    expect(textsOf((await push(cursor, { Records: records(2), ContinuationSequenceNumber: '2' })).page)).toEqual(['2']);
  });

  test('a second subscription within five seconds is refused, and the same page can be asked for again', async () => {
    const cursor = it.cursor();
    it.service.answers['SubscribeToShard'] = () => {
      throw new Refused('ResourceInUseException');
    };
    expect(await failureOf(cursor.next(never))).toBeInstanceOf(SourceUnavailableError);
    delete it.service.answers['SubscribeToShard'];
    expect(textsOf((await push(cursor, { Records: records(1), ContinuationSequenceNumber: '1' })).page)).toEqual(['1']);
  });

  test('this process waits by itself for the time in which AWS would refuse it', async () => {
    const source = it.source({ pauseMs: 300 });
    const begun = performance.now();
    const first = await push(source.openShard(SHARD, { at: 'horizon' }), { ContinuationSequenceNumber: '1' });
    first.subscription.end();
    await push(source.openShard(SHARD, { at: 'horizon' }), { ContinuationSequenceNumber: '1' });
    expect(performance.now() - begun).toBeGreaterThanOrEqual(300);
  });

  test.each(['InternalFailureException', 'KMSThrottlingException'])('%s inside the stream passes', async (name) => {
    const cursor = it.cursor();
    const { subscription } = await push(cursor, { Records: records(1), ContinuationSequenceNumber: '1' });
    subscription.fail(name);
    expect(await failureOf(cursor.next(never))).toBeInstanceOf(SourceUnavailableError);
    expect(textsOf((await push(cursor, { Records: records(2), ContinuationSequenceNumber: '2' })).page)).toEqual(['2']);
  });

  test('KMSAccessDeniedException inside the stream is for a person', async () => {
    const cursor = it.cursor();
    const { subscription } = await push(cursor, { ContinuationSequenceNumber: '1' });
    subscription.fail('KMSAccessDeniedException');
    expect((await failureOf(cursor.next(never)))?.name).toBe('SourceConfigurationError');
  });

  test('a connection that breaks, and a service that falls silent, are unavailable', async () => {
    const cursor = it.cursor({ at: 'horizon' }, { silenceMs: 200 });
    await push(cursor, { Records: records(1), ContinuationSequenceNumber: '1' });
    it.service.cut();
    expect(await failureOf(cursor.next(never))).toBeInstanceOf(SourceUnavailableError);
    const second = await push(cursor, { Records: records(2), ContinuationSequenceNumber: '2' });
    const failure = await failureOf(cursor.next(never));
    expect(failure?.message).toContain('nothing was sent for 200 ms');
    await second.subscription.closed;
    expect(textsOf((await push(cursor, { Records: records(3), ContinuationSequenceNumber: '3' })).page)).toEqual(['3']);
  });
});

describe('pressure and stops', () => {
  test('O9: what nobody asks for stays in the connection, and after a while the subscription is given up', async () => {
    const cursor = it.cursor({ at: 'horizon' }, { idleMs: 500 });
    const { subscription } = await push(cursor, { Records: records(1), ContinuationSequenceNumber: '1' });
    const [record] = records(2);
    const large = { ...record, Data: Buffer.alloc(1 << 20).toString('base64') };
    let sent = 0;
    while (sent < 64 && subscription.send({ Records: [large], ContinuationSequenceNumber: '2' })) sent += 1;
    expect(sent).toBeLessThan(64);
    await subscription.closed;
    const renewed = await push(cursor, { Records: records(2), ContinuationSequenceNumber: '2' });
    expect(renewed.subscription.input).toMatchObject({ StartingPosition: { SequenceNumber: '1' } });
    expect(textsOf(renewed.page)).toEqual(['2']);
  });

  test('an abort ends a wait at once with its reason, and the subscription with it', async () => {
    const cursor = it.cursor();
    const stop = new AbortController();
    const page = failureOf(cursor.next(stop.signal));
    const subscription = await it.service.subscribed();
    const reason = new Error('The reader comes home.');
    stop.abort(reason);
    expect(await page).toBe(reason);
    await subscription.closed;
  });

  test('an abort between two pages ends the subscription too', async () => {
    const cursor = it.cursor();
    const stop = new AbortController();
    const page = cursor.next(stop.signal);
    const subscription = await it.service.subscribed();
    subscription.send({ Records: records(1), ContinuationSequenceNumber: '1' });
    await page;
    stop.abort();
    await subscription.closed;
  });

  test('closing the source ends every subscription', async () => {
    const source = it.source();
    const { subscription } = await push(source.openShard(SHARD, { at: 'horizon' }), {
      ContinuationSequenceNumber: '1',
    });
    source.close();
    await subscription.closed;
  });

  test('ready waits for the page that the next call returns', async () => {
    const cursor = it.cursor();
    const ready = cursor.ready?.(never);
    const subscription = await it.service.subscribed();
    subscription.send({ Records: records(1), ContinuationSequenceNumber: '1' });
    subscription.fail('InternalFailureException');
    await ready;
    expect(textsOf(await cursor.next(never))).toEqual(['1']);
    await cursor.ready?.(never);
    expect(await failureOf(cursor.next(never))).toBeInstanceOf(SourceUnavailableError);
  });

  test('ready that was told to stop leaves nothing for the next one who asks', async () => {
    const cursor = it.cursor();
    const stop = new AbortController();
    const ready = failureOf(cursor.ready!(stop.signal));
    await it.service.subscribed();
    stop.abort(new Error('The reader comes home.'));
    expect((await ready)?.message).toBe('The reader comes home.');
    expect(textsOf((await push(cursor, { Records: records(1), ContinuationSequenceNumber: '1' })).page)).toEqual(['1']);
  });
});

describe('O9: more shards than there is room for', () => {
  const PAGE = 2 * 1024 * 1024;
  const page = (number: number) => {
    const [record] = records(number);
    return { Records: [{ ...record, Data: Buffer.alloc(PAGE, String(number)).toString('base64') }] };
  };
  const shards = ['shardId-000000000000', 'shardId-000000000001', 'shardId-000000000002'];
  const shardOf = ({ input }: { readonly input: Readonly<Record<string, unknown>> }) => String(input['ShardId']);

  test('O4: a page without room is dropped with its subscription, and comes again when there is', async () => {
    const source = it.source({ budgetBytes: 2 * PAGE + 100 });
    const stop = new AbortController();
    const cursors = new Map(shards.map((shardId) => [shardId, source.openShard(shardId, { at: 'horizon' })]));
    const ready = new Map([...cursors].map(([shardId, cursor]) => [shardId, cursor.ready!(stop.signal)]));
    const first = [await it.service.subscribed(), await it.service.subscribed(), await it.service.subscribed()];
    for (const subscription of first) subscription.send({ ...page(1), ContinuationSequenceNumber: '1' });
    // Which of them it is does not matter.
    const dropped = await Promise.race(first.map(async (each) => (await each.closed, each)));
    const kept = first.filter((each) => each !== dropped).map(shardOf);
    for (const shardId of kept) await ready.get(shardId);
    const [one] = kept;
    expect(await cursors.get(one!)!.next(stop.signal)).toMatchObject({ records: [{}] });
    // Asking for the next one gives up what the last one held: somebody waits.
    const more = cursors.get(one!)!.ready!(stop.signal);
    const again = await it.service.subscribed();
    expect(shardOf(again)).toBe(shardOf(dropped));
    expect(again.input).toMatchObject({ StartingPosition: { Type: 'TRIM_HORIZON' } });
    again.send({ ...page(1), ContinuationSequenceNumber: '1' });
    await ready.get(shardOf(dropped));
    expect((await cursors.get(shardOf(dropped))!.next(stop.signal)).records).toHaveLength(1);
    stop.abort(new Error('seen enough'));
    await expect(more).rejects.toThrow('seen enough');
  });

  test('readers that have gone leave their room to the next ones', async () => {
    const source = it.source({ budgetBytes: PAGE });
    const stop = new AbortController();
    const ready = source.openShard(SHARD, { at: 'horizon' }).ready!(stop.signal);
    (await it.service.subscribed()).send({ ...page(1), ContinuationSequenceNumber: '1' });
    await ready;
    stop.abort();
    const { page: read } = await push(source.openShard(SHARD, { at: 'horizon' }), {
      ...page(1),
      ContinuationSequenceNumber: '1',
    });
    expect(read.records).toHaveLength(1);
  });
});

describe('near the horizon', () => {
  const day = 24 * 3_600_000;

  test('O10: pages are read by polling, each beginning with the last record, and then by subscription again', async () => {
    const cursor = it.cursor();
    const behind = { MillisBehindLatest: day + 60_000 };
    const first = await push(cursor, { Records: records(1), ContinuationSequenceNumber: '1', ...behind });
    const polled = [
      { Records: records(1, 2), NextShardIterator: 'polled', ...behind },
      { Records: records(4), NextShardIterator: 'polled', MillisBehindLatest: 0 },
    ];
    const asked: unknown[] = [];
    it.service.answers['GetShardIterator'] = ({ ShardIteratorType, StartingSequenceNumber }) => {
      asked.push([ShardIteratorType, StartingSequenceNumber]);
      return { ShardIterator: 'polled' };
    };
    it.service.answers['GetRecords'] = () => polled.shift() ?? {};
    const second = await cursor.next(never);
    await first.subscription.closed;
    expect(textsOf(second)).toEqual(['2']);
    expect(second).toMatchObject({ restMs: 200 });
    const third = await cursor.next(never);
    expect(textsOf(third)).toEqual(['4']);
    expect(third.gap).toMatchObject({ after: { sequenceNumber: '2' }, until: { sequenceNumber: '4' } });
    expect(asked).toEqual([
      ['AT_SEQUENCE_NUMBER', '1'],
      ['AT_SEQUENCE_NUMBER', '2'],
    ]);
    const last = await push(cursor, { Records: records(5), ContinuationSequenceNumber: '5' });
    expect(last.subscription.input).toMatchObject({
      StartingPosition: { Type: 'AFTER_SEQUENCE_NUMBER', SequenceNumber: '4' },
    });
    expect(textsOf(last.page)).toEqual(['5']);
  });
});
