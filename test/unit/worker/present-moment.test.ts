import { pino } from 'pino';
import { expect, test } from 'vitest';
import { kinesis } from '../../../contracts/public/source-config.ts';
import { SourceConfigurationError, SourceUnavailableError } from '../../../sources/errors.ts';
import { KinesisSource } from '../../../sources/kinesis/kinesis-source.ts';
import { presentMoment } from '../../../worker/present-moment.ts';
import { EMULATOR_ENV } from '../../support/emulators/index.ts';
import { VirtualClock } from '../../support/fake-aws/clock.ts';
import { awsError } from '../../support/fake-aws/fault-kinds.ts';
import { FakeAws } from '../../support/fake-aws/index.ts';

const never = new AbortController().signal;

function setUp() {
  const lines: { readonly level: number; readonly msg: string }[] = [];
  return { lines, log: pino({}, { write: (line: string) => lines.push(JSON.parse(line)) }) };
}

test('LATEST waits for a source that cannot be reached, and says so once (fault C3)', async () => {
  const { lines, log } = setUp();
  const answers = [
    new SourceUnavailableError('kinesis:o', 'no connection.'),
    new SourceUnavailableError('kinesis:o', '.'),
  ];
  const now = async () => {
    const failure = answers.shift();
    if (failure !== undefined) throw failure;
    return 42;
  };
  expect(await presentMoment({ identity: 'kinesis:o', now }, { log, signal: never })).toBe(42);
  expect(lines).toMatchObject([{ level: 40, msg: expect.stringMatching(/LATEST, and starts once/) }]);
});

test("a source that tells no time gives this machine's, with a warning; what a person must mend is thrown (fault C3)", async () => {
  const { lines, log } = setUp();
  const before = Date.now();
  const moment = await presentMoment({ identity: 'kinesis:o', now: async () => undefined }, { log, signal: never });
  expect(moment).toBeGreaterThanOrEqual(before);
  expect(lines).toMatchObject([{ level: 40, msg: expect.stringMatching(/no Date header/) }]);
  const now = () => Promise.reject(new SourceConfigurationError('kinesis:o', 'no such stream'));
  await expect(presentMoment({ identity: 'kinesis:o', now }, { log, signal: never })).rejects.toThrow('no such stream');
});

test("the moment is the source's own, never late, also out of a refusal (fault C3)", async () => {
  Object.assign(process.env, EMULATOR_ENV);
  const fake = await FakeAws.start({ clock: new VirtualClock(Date.UTC(2020, 0, 1, 0, 0, 0, 900)), tellsTime: true });
  fake.createStream('orders');
  const source = new KinesisSource(kinesis({ stream: 'orders', endpoint: fake.endpoint }));
  try {
    const told = (await source.now(never)) ?? 0;
    expect(told).toBeGreaterThanOrEqual(Date.UTC(2020, 0, 1));
    expect(told).toBeLessThan(Date.UTC(2020, 0, 1, 0, 0, 0, 900));
    fake.faults.add({ operation: 'DescribeStreamSummary', fault: awsError('AccessDeniedException') });
    expect(await source.now(never)).toBeLessThan(Date.UTC(2020, 0, 1, 0, 0, 0, 900));
    await fake.stop();
    await expect(source.now(never)).rejects.toThrow(SourceUnavailableError);
  } finally {
    source.close();
  }
});
