/** Temporal is killed five times in mid-run, and is away for up to two minutes. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { EMULATOR_ENV, startKinesalite, type Server } from '../support/emulators/index.ts';
import { killTheServer } from '../support/server-killed.ts';
import { printFigures, seconds } from './figures.ts';

const KEYS = 100;
const PER_KEY = 800;
const DOWN_MS = [3000, 30_000, 120_000, 1000, 10_000];

let emulator: Server;

beforeAll(async () => {
  Object.assign(process.env, EMULATOR_ENV);
  emulator = await startKinesalite();
});
afterAll(() => emulator.stop());

test('O1 O4 O6 O9 Temporal is killed and started again five times, on a file', async () => {
  const startedAt = Date.now();
  const { untilHandledMs, repeats, runs } = await killTheServer({
    endpoint: emulator.endpoint,
    keys: KEYS,
    perKey: PER_KEY,
    downMs: DOWN_MS,
  });
  printFigures('The server killed', {
    'events, keys': `${KEYS * PER_KEY}, ${KEYS}`,
    'the server was away': DOWN_MS.map((ms) => seconds(ms)).join(', '),
    'from its start to the next handled event': untilHandledMs.map((ms) => seconds(ms)).join(', '),
    'handler calls repeated (O7)': repeats,
    'everything handled after': seconds(Date.now() - startedAt),
    'runs of lanes': runs.filter(({ type }) => type === 'lane').length,
  });
  expect(runs.filter(({ status }) => !['RUNNING', 'CONTINUED_AS_NEW', 'COMPLETED'].includes(status))).toEqual([]);
});
