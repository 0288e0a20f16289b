/** Temporal itself is killed in the middle of everything: bridge and worker wait, say so once, and go on. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { EMULATOR_ENV, startKinesalite, type Server } from '../support/emulators/index.ts';
import { POOLS } from '../support/hostings.ts';
import { killTheServer } from '../support/server-killed.ts';

let emulator: Server;

beforeAll(async () => {
  Object.assign(process.env, EMULATOR_ENV);
  emulator = await startKinesalite();
});
afterAll(() => emulator.stop());

const KEYS = 20;

// The shorter time away is enough to have everything in flight broken off.
test.each([
  ['own', { perKey: 60, downMs: [3000, 3000], lanes: KEYS }],
  ['pooled', { perKey: 30, downMs: [1500, 1500], lanes: POOLS }],
] as const)(
  'O1 O4 O6 O9 %s hosting: nothing is lost, nothing comes twice, and the order is kept',
  async (hosting, { downMs, lanes, perKey }) => {
    const { runs } = await killTheServer({ endpoint: emulator.endpoint, hosting, keys: KEYS, perKey, downMs });
    expect(runs).toHaveLength(lanes);
    expect(runs.filter(({ status }) => status !== 'RUNNING')).toEqual([]);
  },
  300_000,
);
