import { pino } from 'pino';
import { expect, test } from 'vitest';
import { ShardLister } from '../../../../activities/reading/shard-lister.ts';
import { SourceConfigurationError, SourceUnavailableError } from '../../../../sources/errors.ts';
import { ScriptedSource } from '../../bridge/read/scripted-source.ts';

const never = new AbortController().signal;
const whole = { shards: [{ shardId: 'a', parents: [] }], digest: expect.any(String) };

function setUp() {
  const lines: { readonly level: number; readonly msg: string }[] = [];
  const source = new ScriptedSource({ a: { records: [], ends: true } });
  const log = pino({}, { write: (line: string) => lines.push(JSON.parse(line)) });
  return { lines, source, lister: new ShardLister(source, log) };
}

const described = { retentionMs: 86_400_000, stream: { arn: 'arn:scripted' }, unordered: false };

test('a listing tells which stream it is, how long it keeps a record, and whether it keeps the order of a key', async () => {
  const { lister } = setUp();
  expect(await lister.list(undefined, never)).toEqual({ ...whole, ...described });
});

test('a description that cannot be had does not keep a listing from coming about, and that is said once', async () => {
  const { lines, lister, source } = setUp();
  const incomplete = new SourceConfigurationError('kinesis:scripted', 'no access');
  source.describe = async () => ({ stream: { region: 'eu-west-1' }, incomplete });
  expect(await lister.list(undefined, never)).toEqual({ ...whole, stream: { region: 'eu-west-1' } });
  source.describe = async () => {
    throw incomplete;
  };
  expect(await lister.list(undefined, never)).toEqual(whole);
  expect(lines).toMatchObject([{ level: 40, msg: expect.stringMatching(/^Could not describe kinesis:scripted/) }]);
  source.describe = async () => ({ stream: {}, retentionMs: 7 });
  expect(await lister.list(undefined, never)).toMatchObject({ retentionMs: 7 });
});

test('the next listing is told as the difference to the one that was taken in', async () => {
  const { lister } = setUp();
  const { digest } = await lister.list(undefined, never);
  expect(await lister.list(digest, never)).toEqual({ added: [], gone: [], digest, ...described });
});

test('a listing that fails is a failure', async () => {
  const { lister, source } = setUp();
  source.listShards = async () => {
    throw new SourceUnavailableError('kinesis:scripted', 'throttled');
  };
  await expect(lister.list(undefined, never)).rejects.toThrow('throttled');
});
