import { Client, Connection } from '@temporalio/client';
import { defineSearchAttributeKey } from '@temporalio/common';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  startDevServer,
  type DevServer,
  type DevServerOptions,
} from '../../../../worker/temporal-server/dev-server.ts';
import { DatabaseInUseError, DevServerStartError } from '../../../../worker/temporal-server/errors.ts';
import { devServer } from '../../../support/dev-server.ts';
import { isAlive, processesWith, until } from './processes.ts';

const { binary } = devServer();
const started: DevServer[] = [];
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'keylane %3F dev-server-'));
});

afterEach(async () => {
  await Promise.all(started.splice(0).map((server) => server.stop()));
  await rm(folder, { recursive: true, force: true });
});

async function start(options: Partial<DevServerOptions> = {}): Promise<DevServer> {
  const server = await startDevServer({ binary, headless: true, ...options });
  started.push(server);
  return server;
}

async function withClient<T>({ address, namespace }: DevServer, work: (client: Client) => Promise<T>): Promise<T> {
  const connection = await Connection.connect({ address });
  try {
    return await work(new Client({ connection, namespace }));
  } finally {
    await connection.close();
  }
}

/** Does as a `temporal` would that hangs, whatever the arguments. */
async function hangingBinary(): Promise<string> {
  const path = join(folder, 'temporal');
  await writeFile(path, '#!/bin/sh\nwhile :; do sleep 1; done\n', { mode: 0o755 });
  return path;
}

/** A dev server that another process has started. */
async function startOwner(database: string): Promise<{ owner: ChildProcess; pid: number }> {
  const fixture = fileURLToPath(new URL('owner.fixture.ts', import.meta.url));
  const args = ['--import', import.meta.resolve('jiti/register'), fixture, binary, database];
  const owner = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = (await once(createInterface(owner.stdout), 'line')) as [string];
  return { owner, pid: (JSON.parse(line) as { pid: number }).pid };
}

describe('in memory', () => {
  test('a server is ready when it is handed out, and stop leaves no process', async () => {
    const lines: string[] = [];
    const server = await start({ log: (line) => lines.push(line), namespace: 'other' });
    const name = await withClient(server, async ({ workflowService }) => {
      return (await workflowService.describeNamespace({ namespace: 'other' })).namespaceInfo?.name;
    });
    expect(name).toBe('other');
    expect(server.uiUrl).toBeUndefined();
    expect(lines.join('\n')).toContain('Temporal Persistence: in-memory');

    await Promise.all([server.stop(), server.stop()]);
    expect(isAlive(server.pid)).toBe(false);
    await expect(server.ended).resolves.toMatchObject({ code: 0 });
  });

  test('its search attributes can be used and its UI answers as soon as it is handed out', async () => {
    const server = await start({ headless: false, searchAttributes: { KeylaneTest: 'Keyword' } });
    const count = await withClient(server, (client) => client.workflow.count('KeylaneTest = "x"'));
    expect(count.count).toBe(0);
    const page = await fetch(server.uiUrl as string);
    expect(page.status).toBe(200);
  });

  test('the preferred port is used when it is free, another one when it is taken', async () => {
    const listener = createServer();
    await new Promise<void>((resolve) => {
      listener.listen(0, '127.0.0.1', resolve);
    });
    const { port } = listener.address() as AddressInfo;

    const other = await start({ preferredPort: port });
    expect(other.address).not.toBe(`127.0.0.1:${port}`);
    await new Promise((resolve) => {
      listener.close(resolve);
    });
    const preferred = await start({ preferredPort: port });
    expect(preferred.address).toBe(`127.0.0.1:${port}`);
  });

  test('a port that is asked for and taken is an error that names it, though another server answers there', async () => {
    const port = Number(devServer().address.split(':')[1]);
    const error = await start({ port }).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(DevServerStartError);
    expect((error as Error).message).toContain(`${port}`);
    expect((error as Error).message).toContain('address already in use');
  });

  test('a program that cannot be started, and one that ends at once, are errors that say so', async () => {
    await expect(start({ binary: join(folder, 'missing') })).rejects.toThrow(/could not be started.*ENOENT/);
    await expect(start({ binary: process.execPath })).rejects.toThrow(/ended with exit code 1[^]*Cannot find module/);
  });

  test('a server that never becomes healthy is ended', async () => {
    const hanging = await hangingBinary();
    await expect(start({ binary: hanging, startTimeoutMs: 500 })).rejects.toThrow(/was not healthy after 500 ms/);
    expect(processesWith(folder)).toEqual([]);
  });

  test('an aborted start rejects with the reason and leaves no process', async () => {
    const abort = new AbortController();
    const starting = start({ binary: await hangingBinary(), signal: abort.signal });
    await until(() => processesWith(folder).length > 0);
    abort.abort(new Error('Ctrl-C'));
    await expect(starting).rejects.toThrow('Ctrl-C');
    expect(processesWith(folder)).toEqual([]);
  });
});

describe('on a database file', () => {
  test('an open workflow goes on after stop and start (O5)', async () => {
    const database = join(folder, 'deeper', 'temporal.db');
    const first = await start({ database });
    await withClient(first, (client) =>
      client.workflow.start('waiting', { workflowId: 'w', taskQueue: 'nobody', args: ['kept'] }),
    );
    await first.stop();

    const second = await start({ database });
    const status = await withClient(second, async (client) => {
      await client.workflow.getHandle('w').signal('more', 1);
      const description = await client.workflow.getHandle('w').describe();
      return [description.status.name, description.historyLength];
    });
    // started, workflow task scheduled, signaled
    expect(status).toEqual(['RUNNING', 3]);
  });

  test('search attributes that a later version needs are added to an old database', async () => {
    const database = join(folder, 'temporal.db');
    const first = await start({ database, searchAttributes: { KeylaneOld: 'Keyword' } });
    await first.stop();
    const searchAttributes = { KeylaneOld: 'Keyword', KeylaneNew: 'Int' } as const;
    const second = await start({ database, searchAttributes });
    const attribute = defineSearchAttributeKey('KeylaneNew', 'INT');
    const typedSearchAttributes = [{ key: attribute, value: 7 }];
    const value = await withClient(second, async (client) => {
      await client.workflow.start('t', { workflowId: 'w', taskQueue: 'q', typedSearchAttributes });
      await client.workflow.count('KeylaneOld = "x" AND KeylaneNew = 7');
      return (await client.workflow.getHandle('w').describe()).typedSearchAttributes.get(attribute);
    });
    expect(value).toBe(7);
  });

  test('a namespace that is named later is added to an old database, with the search attributes (fault F11)', async () => {
    const database = join(folder, 'temporal.db');
    const first = await start({ database, searchAttributes: { KeylaneTest: 'Keyword' } });
    await first.stop();
    const second = await start({ database, namespace: 'orders', searchAttributes: { KeylaneTest: 'Keyword' } });
    expect(second.namespace).toBe('orders');
    const count = await withClient(second, (client) => client.workflow.count('KeylaneTest = "x"'));
    expect(count.count).toBe(0);
  });

  test('a second server is refused, by name of the first, and the first goes on', async () => {
    const database = join(folder, 'temporal.db');
    const first = await start({ database });
    const error = await start({ database }).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(DatabaseInUseError);
    expect((error as Error).message).toContain(database);
    expect((error as Error).message).toContain(`${first.address} (pid ${first.pid})`);

    await withClient(first, (client) => client.workflow.start('t', { workflowId: 'w', taskQueue: 'q' }));
    await first.stop();
    await expect(start({ database })).resolves.toBeDefined();
  });

  test('a database that was killed over its making is made anew, one that was finished is not', async () => {
    const database = join(folder, 'temporal.db');
    // What a server leaves that is killed before it has made its tables. No process has a pid like this one.
    await writeFile(database, '');
    await writeFile(`${database}.unfinished`, '4194305');
    const first = await start({ database });
    await withClient(first, (client) => client.workflow.start('t', { workflowId: 'w', taskQueue: 'q' }));
    await first.stop();
    const second = await start({ database });
    const status = await withClient(second, (client) => client.workflow.getHandle('w').describe());
    expect(status.status.name).toBe('RUNNING');
  });

  test('a server goes with its owner that was killed, and the next one takes over its database', async () => {
    const database = join(folder, 'temporal.db');
    const { owner, pid } = await startOwner(database);
    owner.kill('SIGKILL');
    await once(owner, 'exit');

    const next = await start({ database });
    expect(next.pid).not.toBe(pid);
    expect(isAlive(pid)).toBe(false);
  });

  test('a server that was killed is noticed, and its database works again', async () => {
    const database = join(folder, 'temporal.db');
    const first = await start({ database });
    await withClient(first, (client) => client.workflow.start('t', { workflowId: 'w', taskQueue: 'q' }));
    process.kill(first.pid, 'SIGKILL');
    await expect(first.ended).resolves.toMatchObject({ signal: 'SIGKILL' });

    const second = await start({ database });
    const status = await withClient(second, (client) => client.workflow.getHandle('w').describe());
    expect(status.status.name).toBe('RUNNING');
  });
});
