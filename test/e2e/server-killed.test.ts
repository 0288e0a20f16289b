/** Temporal itself is killed in the middle of everything: bridge and worker wait, say so once, and go on. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { EMULATOR_ENV, startKinesalite, type Server } from '../support/emulators/index.ts';
import { killTheServer } from '../support/server-killed.ts';

let emulator: Server;

beforeAll(async () => {
  Object.assign(process.env, EMULATOR_ENV);
  emulator = await startKinesalite();
});
afterAll(() => emulator.stop());

test('O1 O4 O6 O9 nothing is lost, nothing comes twice, and the order is kept', async () => {
  const { runs } = await killTheServer({
    endpoint: emulator.endpoint,
    keys: 20,
    perKey: 60,
    downMs: [3000, 3000],
  });
  expect(runs).toHaveLength(20);
  expect(runs.filter(({ status }) => status !== 'RUNNING')).toEqual([]);
}, 300_000);
