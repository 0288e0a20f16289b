import { describe, expect, test } from 'vitest';
import { SourceConfigurationError } from '../../../../../sources/errors.ts';
import { Refused } from '../../../../support/fan-out/scripted-fan-out.ts';
import { never, SHARD, useScriptedFanOut } from './setup.ts';

const it = useScriptedFanOut();

/** What DescribeStreamConsumer says, call after call; a status of undefined: there is no such consumer. */
function consumerIs(...statuses: readonly (string | undefined)[]) {
  const left = [...statuses];
  it.service.answers['DescribeStreamConsumer'] = () => {
    const ConsumerStatus = left.length > 1 ? left.shift() : left[0];
    if (ConsumerStatus === undefined) throw new Refused('ResourceNotFoundException');
    return { ConsumerDescription: { ConsumerARN: 'arn', ConsumerStatus } };
  };
}

function refuse(operation: string, error: string) {
  it.service.answers[operation] = () => {
    throw new Refused(error);
  };
}

const failureOf = (work: Promise<unknown>) =>
  work.then(
    () => undefined,
    (error: unknown) => error as Error,
  );

describe('the consumer', () => {
  test('that is there is used, and looked up once for however many ask', async () => {
    const source = it.source();
    await Promise.all([source.listShards(never), source.listShards(never), source.listShards(never)]);
    await source.listShards(never);
    expect(it.service.calls.filter((name) => name !== 'ListShards')).toEqual([
      'DescribeStreamSummary',
      'DescribeStreamConsumer',
    ]);
  });

  test('that is missing is registered, and waited for until it is active', async () => {
    consumerIs(undefined, 'CREATING', 'ACTIVE');
    await it.source().listShards(never);
    expect(it.service.calls).toEqual([
      'DescribeStreamSummary',
      'DescribeStreamConsumer',
      'RegisterStreamConsumer',
      'DescribeStreamConsumer',
      'DescribeStreamConsumer',
      'ListShards',
    ]);
  });

  test('that another process registers at the same time is used', async () => {
    consumerIs(undefined, 'ACTIVE');
    refuse('RegisterStreamConsumer', 'ResourceInUseException');
    expect(await it.source().listShards(never)).toHaveLength(1);
  });

  test.each(['DescribeStreamConsumer', 'RegisterStreamConsumer'])(
    'without the right to %s is for a person',
    async (operation) => {
      consumerIs(undefined);
      refuse(operation, 'AccessDeniedException');
      const failure = await failureOf(it.source().listShards(never));
      expect(failure).toBeInstanceOf(SourceConfigurationError);
      expect(failure?.message).toMatch(new RegExp(`kinesis:orders: ${operation} keylane failed .*Allow this action`));
    },
  );

  test('beyond what AWS allows a stream is for a person, who is told the limit', async () => {
    consumerIs(undefined);
    refuse('RegisterStreamConsumer', 'LimitExceededException');
    const failure = await failureOf(it.source().listShards(never));
    expect(failure).toBeInstanceOf(SourceConfigurationError);
    expect(failure?.message).toMatch(/consumer keylane .*20.*deregister-stream-consumer.*leave out `fanOut`/);
  });

  test('that is gone in the middle of reading is registered again', async () => {
    const source = it.source();
    await source.listShards(never);
    consumerIs(undefined, 'ACTIVE');
    refuse('SubscribeToShard', 'ResourceNotFoundException');
    const cursor = source.openShard(SHARD, { at: 'horizon' });
    expect((await failureOf(cursor.next(never)))?.name).toBe('SourceUnavailableError');
    delete it.service.answers['SubscribeToShard'];
    const page = cursor.next(never);
    (await it.service.subscribed()).send({ ContinuationSequenceNumber: '1' });
    await page;
    expect(it.service.calls).toContain('RegisterStreamConsumer');
  });

  test('a caller who gives up does not take the answer from the others', async () => {
    const source = it.source();
    const stop = new AbortController();
    const [one, other] = [failureOf(source.listShards(stop.signal)), source.listShards(never)];
    stop.abort(new Error('enough'));
    expect((await one)?.message).toBe('enough');
    expect(await other).toHaveLength(1);
  });
});
