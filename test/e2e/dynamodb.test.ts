/** The whole of Keylane on DynamoDB Local and a real Temporal server. */
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { dynamodb } from '../../contracts/public/source-config.ts';
import type { Handler } from '../../contracts/public/handler.ts';
import { loadHandler } from '../../settings/handler.ts';
import { DynamodbTable, EMULATOR_ENV, startDynamodbLocal, type Server } from '../support/emulators/index.ts';
import { eventually } from '../support/eventually.ts';
import { HOSTINGS, hostings, type Hosting } from '../support/hostings.ts';
import { Keylane, uniqueName } from '../support/keylane.ts';
import { Ledger, upTo } from '../support/ledger.ts';

const QUICK = { maxAttempts: 2, initialInterval: '50ms', maxInterval: '100ms' } as const;

let emulator: Server;
let keylane: Keylane | undefined;

beforeAll(async () => {
  Object.assign(process.env, EMULATOR_ENV);
  emulator = await startDynamodbLocal();
});
afterAll(() => emulator.stop());
afterEach(async () => {
  await keylane?.close();
  keylane = undefined;
});

async function open(handler: Handler): Promise<{ it: Keylane; table: DynamodbTable }> {
  const table = await DynamodbTable.create(emulator.endpoint, uniqueName());
  const { it } = await read(table, handler);
  return { it, table };
}

async function read(
  table: DynamodbTable,
  handler: Handler,
  hosting: Hosting = 'own',
): Promise<{ it: Keylane; name: string }> {
  const name = uniqueName();
  const source = dynamodb({ table: table.name, endpoint: emulator.endpoint });
  const it = await Keylane.create({ pipelines: { [name]: { source, handler, retry: QUICK, ...HOSTINGS[hosting] } } });
  keylane = it;
  return { it, name };
}

/** Each item is written again and again; its nth change has n in its image. */
async function write(table: DynamodbTable, items: number, changes: number, from = 1): Promise<void> {
  for (let n = from; n < from + changes; n += 1) {
    await Promise.all(
      Array.from({ length: items }, (_, item) => table.put({ id: { S: `item-${item}` }, n: { N: String(n) } })),
    );
  }
}

/** The TypeScript of the README. */
function readmeBlocks(): string[] {
  const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
  return [...readme.matchAll(/```ts\n(?<code>[\s\S]*?)```/g)].map(({ groups }) => groups?.['code'] ?? '');
}

describe('a table', () => {
  let table: DynamodbTable;
  beforeAll(async () => {
    table = await DynamodbTable.create(emulator.endpoint, uniqueName());
    await write(table, 50, 40);
  });

  test.each(hostings)(
    'O1 O3 O4 O5 O11 %s hosting, 2,000 records, 50 items, 3 poison records: all others finish, the 3 wait and finish in order',
    async (hosting) => {
      const ledger = new Ledger();
      const poison = new Map([
        ['item-7', 11],
        ['item-21', 3],
        ['item-42', 40],
      ]);
      const { it, name } = await read(
        table,
        (event) => {
          const n = event.change?.newImage?.['n'] ?? event.json().n;
          if (poison.get(event.key) === n) throw new Error(`cannot book ${n}`);
          ledger.note(event.key, n);
        },
        hosting,
      );
      await it.start();
      await eventually(() => ledger.count === 47 * 40 + 10 + 2 + 39, 120_000);
      await eventually(async () => (await it.status(name)).lanes.blocked === 3);
      poison.delete('item-7');
      await it.decide(name, 'item-7', 'retry');
      await it.decide(name, 'item-21', 'skip');
      const record = {
        eventName: 'MODIFY',
        dynamodb: { Keys: { id: { S: 'item-42' } }, NewImage: { n: { S: 'forty' } } },
      };
      await it.decide(name, 'item-42', 'replace', { data: record });
      await eventually(() => ledger.count === 50 * 40 - 1, 60_000);
      expect(ledger.of('item-7')).toEqual(upTo(40));
      expect(ledger.of('item-21')).toEqual(upTo(40).filter((n) => n !== 3));
      expect(ledger.of('item-42')).toEqual([...upTo(39), 'forty']);
      for (let item = 0; item < 50; item += 1) {
        if (![7, 21, 42].includes(item)) expect(ledger.of(`item-${item}`)).toEqual(upTo(40));
      }
    },
  );
});

describe('end to end on DynamoDB Streams', () => {
  test('a handler sees what changed: keys, images, and what kind of change', async () => {
    const changes: unknown[] = [];
    const { it, table } = await open((event) => {
      changes.push({ key: event.key, ...event.change });
    });
    await table.put({ id: { S: 'a' }, amount: { N: '9007199254740993' } });
    await table.put({ id: { S: 'a' }, amount: { N: '2.5' } });
    await table.delete({ id: { S: 'a' } });
    await it.start();
    await eventually(() => changes.length === 3);
    const keys = { id: 'a' };
    const [first, second] = [
      { id: 'a', amount: 9007199254740993n },
      { id: 'a', amount: 2.5 },
    ];
    expect(changes).toEqual([
      { key: 'a', name: 'INSERT', keys, newImage: first, expired: false },
      { key: 'a', name: 'MODIFY', keys, oldImage: first, newImage: second, expired: false },
      { key: 'a', name: 'REMOVE', keys, oldImage: second, expired: false },
    ]);
  });

  test("the README's example for a table handles what is written to one (fault H2)", async () => {
    const blocks = readmeBlocks();
    const example = blocks.find((block) => block.includes('event.change') || block.includes('change?.newImage'));
    const settings = blocks.find((block) => block.includes('dynamodb({ table:')) ?? '';
    // What it says holds without a key function, and not beside the handler for Kinesis.
    expect(settings).not.toContain('key:');
    expect(blocks.filter((block) => block.includes('dynamodb'))).toEqual([settings]);
    const folder = await mkdtemp(join(tmpdir(), 'keylane-readme-'));
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    await writeFile(join(folder, 'accounts.ts'), example ?? '');
    const handler = await loadHandler(join(folder, 'accounts.ts'));
    const logged: unknown[] = [];
    const { it, table } = await open(async (event, context) => {
      const info = (fields: unknown) => logged.push(fields);
      await handler(event, { ...context, log: { ...context.log, info } });
    });
    await table.put({ id: { S: 'a' }, balance: { N: '5' } });
    await table.delete({ id: { S: 'a' } });
    await it.start();
    await eventually(() => logged.length === 2);
    expect(logged).toEqual([
      { change: 'INSERT', balance: 5 },
      { change: 'REMOVE', balance: undefined },
    ]);
  });

  test('O6 a restart after a clean stop goes on where it was', async () => {
    const ledger = new Ledger();
    const { it, table } = await open((event) => ledger.note(event.key, event.change?.newImage?.['n']));
    await write(table, 5, 5);
    await it.start();
    await eventually(() => ledger.count === 25);
    await it.stop();
    await write(table, 5, 5, 6);
    await it.start();
    await eventually(() => ledger.count === 50, 60_000);
    for (let item = 0; item < 5; item += 1) expect(ledger.of(`item-${item}`)).toEqual(upTo(10));
  });
});
