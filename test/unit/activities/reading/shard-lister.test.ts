import { pino } from 'pino';
import { expect, test } from 'vitest';
import { ShardLister } from '../../../../activities/reading/shard-lister.ts';
import { SourceConfigurationError, SourceUnavailableError } from '../../../../sources/errors.ts';
import { ScriptedSource } from '../../bridge/scripted-source.ts';

const never = new AbortController().signal;
const whole = { shards: [{ shardId: 'a', parents: [] }], digest: expect.any(String) };

function setUp() {
  const lines: { readonly level: number; readonly msg: string }[] = [];
  const source = new ScriptedSource({ a: { records: [], ends: true } });
  const log = pino({}, { write: (line: string) => lines.push(JSON.parse(line)) });
  return { lines, source, lister: new ShardLister(source, log) };
}

test('a listing tells how long the source keeps a record', async () => {
  const { lister } = setUp();
  expect(await lister.list(undefined, never)).toEqual({ ...whole, retentionMs: 86_400_000 });
});

test('a retention that cannot be learned does not keep a listing from coming about, and is told once', async () => {
  const { lines, lister, source } = setUp();
  source.retentionMs = async () => {
    throw new SourceConfigurationError('kinesis:scripted', 'no access');
  };
  expect(await lister.list(undefined, never)).toEqual(whole);
  expect(await lister.list(undefined, never)).toEqual(whole);
  expect(lines).toMatchObject([{ level: 40, msg: expect.stringMatching(/^how long kinesis:scripted keeps a record/) }]);
  source.retentionMs = async () => 7;
  expect(await lister.list(undefined, never)).toMatchObject({ retentionMs: 7 });
});

test('the next listing is told as the difference to the one that was taken in', async () => {
  const { lister } = setUp();
  const { digest } = await lister.list(undefined, never);
  expect(await lister.list(digest, never)).toEqual({ added: [], gone: [], digest, retentionMs: 86_400_000 });
});

test('a listing that fails is a failure', async () => {
  const { lister, source } = setUp();
  source.listShards = async () => {
    throw new SourceUnavailableError('kinesis:scripted', 'throttled');
  };
  await expect(lister.list(undefined, never)).rejects.toThrow('throttled');
});
