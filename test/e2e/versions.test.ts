/** Releases with versions, on a real server: who gets the work, and what becomes of what an earlier release began. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { kinesis } from '../../contracts/public/source-config.ts';
import type { RetryConfig } from '../../contracts/public/pipeline-config.ts';
import { laneWorkflowId } from '../../contracts/lane/id.ts';
import type { HandlerEvent } from '../../contracts/public/record.ts';
import { startDevServer } from '../../worker/temporal-server/dev-server.ts';
import { KEYLANE_SEARCH_ATTRIBUTES } from '../../worker/temporal-server/search-attributes.ts';
import { VersioningUnavailableError } from '../../temporal/versioning-support.ts';
import { sentPositions } from '../support/accepted.ts';
import { devServer } from '../support/dev-server.ts';
import { EMULATOR_ENV, KinesisStream, startKinesalite, type Server } from '../support/emulators/index.ts';
import { eventually } from '../support/eventually.ts';
import { Keylane, uniqueName } from '../support/keylane.ts';
import { Ledger, upTo } from '../support/ledger.ts';
import { NumberedEvents } from '../support/numbered-events.ts';

const run = promisify(execFile);
/** What a process without a version notes. */
const NOBODY = 'none';
const LIMITS = {
  lane: { segments: { events: 30, bytes: 64 * 1024 }, signalsPerRun: 30 },
  options: { discoverEveryMs: 500 },
};

let emulator: Server;
let stream: KinesisStream;
let name: string;
let deployment: string;
let taskQueue: string;
let ledger: Ledger;
let releases: Release[] = [];
let events: NumberedEvents;

beforeAll(async () => {
  Object.assign(process.env, EMULATOR_ENV);
  emulator = await startKinesalite();
});
afterAll(() => emulator.stop());
beforeEach(async () => {
  name = uniqueName();
  deployment = uniqueName('deployment-');
  taskQueue = uniqueName('queue-');
  ledger = new Ledger();
  events = new NumberedEvents();
  stream = await KinesisStream.create(emulator.endpoint, name, 2);
});
afterEach(async () => {
  for (const release of releases) await release.keylane.close();
  releases = [];
  stream.close();
});

/** One release of the user's code: a process whose handler notes who it is. */
class Release {
  readonly keylane: Keylane;
  readonly #buildId: string;
  #lines: string[] = [];

  private constructor(buildId: string, keylane: Keylane) {
    this.#buildId = buildId;
    this.keylane = keylane;
  }

  static async of(
    buildId: string,
    fails: (event: HandlerEvent) => boolean = () => false,
    retry: RetryConfig = { maxAttempts: 1 },
  ): Promise<Release> {
    const handler = (event: HandlerEvent) => {
      if (fails(event)) throw new Error(`poison to ${buildId}`);
      ledger.note(event.key, [event.json().n, buildId]);
    };
    const source = kinesis({ stream: name, endpoint: emulator.endpoint });
    const pipelines = { [name]: { source, handler, retry } };
    const release = new Release(buildId, await Keylane.create({ pipelines, taskQueue, ...LIMITS }));
    releases.push(release);
    return release;
  }

  async start(): Promise<void> {
    const { settings } = this.keylane;
    const version = this.#buildId === NOBODY ? {} : { deployment: { name: deployment, buildId: this.#buildId } };
    const log = pino({}, { write: (line: string) => this.#lines.push(JSON.parse(line).msg) });
    await this.keylane.start(['bridge', 'worker'], {
      settings: { ...settings, temporal: { ...settings.temporal, ...version } },
      log,
    });
  }

  stop(): Promise<void> {
    return this.keylane.stop();
  }

  get complaints(): readonly string[] {
    return this.#lines.filter((line) => line.includes('gets no work'));
  }

  async says(line: string): Promise<void> {
    await eventually(() => this.#lines.includes(line), 30_000);
  }

  /** Types what the process has logged that a person should type. */
  async obey(): Promise<void> {
    const command = await eventually(
      () => /temporal worker deployment .*$/.exec(this.complaints.at(-1) ?? '')?.[0] ?? false,
    );
    await cli(command.split(' ').slice(1));
  }
}

/** Repeated while the server has not seen the version poll. */
async function cli(words: readonly string[]): Promise<void> {
  await eventually(async () => run(devServer().binary, [...words, '--yes']));
}

async function write(keys: readonly string[], count: number): Promise<void> {
  await stream.put(events.next(keys, count));
}

const numbersOf = (key: string) => ledger.of(key).map((note) => (note as [number, string])[0]);
const namesOf = (key: string) => ledger.of(key).map((note) => (note as [number, string])[1]);
const last = (key: string) => events.last(key);

async function untilHandled(keys: readonly string[]): Promise<void> {
  await eventually(() => keys.every((key) => ledger.of(key).length >= last(key)), 60_000);
  for (const key of keys) expect(numbersOf(key)).toEqual(upTo(last(key)));
}

async function buildIdOf(workflowId: string): Promise<string | undefined> {
  const { client } = releases[0]!.keylane;
  const { raw } = await client.workflow.getHandle(workflowId).describe();
  return raw.workflowExecutionInfo?.versioningInfo?.deploymentVersion?.buildId ?? undefined;
}

describe('a release', () => {
  const waiting = async () => (await releases[0]!.keylane.view(name, 'stuck')).waiting;
  const others = ['a', 'b', 'c'];

  test('O1 O4 O5 O6 a lane that was blocked before there were versions drains under the third release, and reading goes on through all of them', async () => {
    const fails = (event: HandlerEvent) => event.key === 'stuck' && event.json().n === 5;
    const [none, one, two] = [await Release.of(NOBODY, fails), await Release.of('1', fails), await Release.of('2')];
    await none.start();
    await write(['stuck', ...others], 120);
    await untilHandled(others);
    await eventually(async () => (await waiting()) === 115);
    expect((await none.keylane.view(name, 'stuck')).segments?.count).toBeGreaterThan(1);
    expect(none.complaints).toEqual([]);

    // The first version is there, and gets nothing until a person says so.
    await one.start();
    expect(one.complaints).toHaveLength(1);
    expect(one.complaints[0]).toContain(`task queue ${taskQueue} goes to a process without a version`);
    await write(['stuck', ...others], 40);
    await untilHandled(others);
    expect(others.flatMap(namesOf)).not.toContain('1');
    await one.obey();
    await none.stop();
    await write(['stuck', ...others], 40);
    await untilHandled(others);
    await eventually(async () => (await waiting()) === 195);
    expect(await buildIdOf(name)).toBe('1');
    expect(await buildIdOf(laneWorkflowId(name, 'stuck'))).toBe('1');
    for (const key of others) expect(namesOf(key).slice(-40)).toEqual(Array.from({ length: 40 }, () => '1'));

    // The second comes, and the first is gone before anybody makes the second current.
    await two.start();
    expect(two.complaints[0]).toContain(`task queue ${taskQueue} goes to version 1 of deployment ${deployment}`);
    await one.stop();
    await write(['stuck', ...others], 40);
    expect(two.complaints).toHaveLength(1);
    expect([...others, 'stuck'].flatMap(namesOf)).not.toContain('2');
    await two.obey();
    await untilHandled(others);
    await eventually(async () => (await waiting()) === 235);
    await two.keylane.decide(name, 'stuck', 'retry');
    await untilHandled(['stuck']);
    expect(namesOf('stuck')).toEqual([
      ...Array.from({ length: 4 }, () => NOBODY),
      ...Array.from({ length: 236 }, () => '2'),
    ]);
    expect(await buildIdOf(laneWorkflowId(name, 'stuck'))).toBe('2');

    // Back to the first, and to none.
    await one.start();
    expect(one.complaints.at(-1)).toContain('goes to version 2');
    await one.obey();
    await two.stop();
    await write(['stuck', ...others], 30);
    await untilHandled(['stuck', ...others]);
    expect(namesOf('stuck').at(-1)).toBe('1');
    await none.start();
    expect(none.complaints.at(-1)).toContain('A process without a version gets no work');
    await none.obey();
    await one.stop();
    await write(['stuck', ...others], 30);
    await untilHandled(['stuck', ...others]);
    expect(namesOf('stuck').at(-1)).toBe(NOBODY);

    const sent = await sentPositions(none.keylane.client, name);
    expect(sent).toHaveLength(new Set(sent).size);
  }, 240_000);
});

test('O1 O3 an event that retries gets the new handler with its next attempt, and nobody has to do anything', async () => {
  const retry = { maxAttempts: 1000, initialInterval: '500ms', backoff: 1 } as const;
  const [one, two] = [
    await Release.of('1', ({ key }) => key === 'poor', retry),
    await Release.of('2', undefined, retry),
  ];
  await one.start();
  await one.obey();
  await write(['poor', 'good'], 20);
  await untilHandled(['good']);
  await eventually(async () => (await one.keylane.view(name, 'poor')).phase.state === 'retrying');
  await two.start();
  expect(namesOf('poor')).toEqual([]);
  await two.obey();
  await one.stop();
  await untilHandled(['poor']);
  expect(new Set(namesOf('poor'))).toEqual(new Set(['2']));
}, 120_000);

test('O1 O3 a ramp gives a new handler some of the keys, and each key stays with its version', async () => {
  const [one, two] = [await Release.of('1'), await Release.of('2')];
  await one.start();
  await one.obey();
  const keys = Array.from({ length: 40 }, (_, index) => `key-${index}`);
  await write(keys, 2);
  await untilHandled(keys);
  await two.start();
  expect(two.complaints).toHaveLength(1);
  const version = ['--deployment-name', deployment, '--build-id', '2'];
  const ramp = ['worker', 'deployment', 'set-ramping-version', ...version, '--percentage', '50'];
  await cli([...ramp, '--address', devServer().address]);
  await two.says('Version 2 of deployment ' + deployment + ' gets the work of about 50 % of the keys');
  const latest = (count: number) => keys.map((key) => new Set(namesOf(key).slice(-count)));
  const round = async () => {
    await write(keys, 2);
    await untilHandled(keys);
  };
  // The server tells each part of a task queue of its versions in its own time.
  await eventually(async () => {
    await round();
    const seen = latest(2);
    return seen.every(({ size }) => size === 1) && seen.some((versions) => versions.has('2'));
  }, 60_000);
  for (let count = 1; count <= 4; count += 1) await round();
  expect(latest(8).every(({ size }) => size === 1)).toBe(true);
  const ramped = latest(8).filter((versions) => versions.has('2')).length;
  expect(ramped).toBeGreaterThan(5);
  expect(ramped).toBeLessThan(35);
  await two.obey();
  await eventually(async () => {
    await round();
    return latest(2).every((versions) => versions.has('2') && versions.size === 1);
  }, 60_000);
  await round();
  for (const versions of latest(2)) expect(versions).toEqual(new Set(['2']));
}, 180_000);

test('a process without a version starts on a server that knows none; one with a version tells, and starts nothing', async () => {
  const server = await startDevServer({
    binary: devServer().binary,
    headless: true,
    searchAttributes: KEYLANE_SEARCH_ATTRIBUTES,
    dynamicConfig: { 'system.enableDeploymentVersions': false },
  });
  try {
    const { address } = server;
    const source = kinesis({ stream: name, endpoint: emulator.endpoint });
    const keylane = await Keylane.create({ pipelines: { [name]: { source, handler() {} } }, taskQueue, address });
    const { settings } = keylane;
    const temporal = { ...settings.temporal, deployment: { name: deployment, buildId: '1' } };
    const starting = keylane.start(['bridge', 'worker'], { settings: { ...settings, temporal } });
    await expect(starting).rejects.toThrow(VersioningUnavailableError);
    await expect(starting).rejects.toThrow(/Worker Deployment Versions are disabled.*Take temporal\.deployment out/);
    await keylane.start();
    await eventually(async () => (await keylane.status(name)).readers > 0);
    await keylane.close();
  } finally {
    await server.stop();
  }
}, 120_000);
