import type { Mutant } from './mutant.ts';

const RECOVERY = ['test/unit/workflows/shared/recovery/recover-run.test.ts'];
const LANE = ['test/unit/workflows/lane/recovery.test.ts', 'test/unit/workflows/lane/recovery.property.test.ts'];
const POOL = ['test/unit/workflows/pool/recovery.test.ts'];

/** Of the recovery of terminated runs. */
export const RECOVERY_MUTANTS: readonly Mutant[] = [
  {
    name: 'of a run that was itself recovering, only the signals are recovered that no workflow task has seen',
    guarantee: 'O4',
    file: 'contracts/recovery/parse.ts',
    find: 'return { value: { ...parsed.value, unseen: BEGINNING } };',
    replacement: 'return { value: { ...parsed.value, unseen } };',
    killedBy: RECOVERY,
  },
  {
    name: 'a page of a terminated run that cannot be read is no loss',
    guarantee: 'O5',
    file: 'workflows/shared/recovery/recover-run.ts',
    find: "if (page.kind === 'unreadable') return this.#markLost(recovered, 'Some of what it held', page);",
    replacement: "if (page.kind === 'unreadable') return recovered;",
    killedBy: [...RECOVERY, ...LANE],
  },
  {
    name: 'only the first page of unseen signals is recovered',
    guarantee: 'O4',
    file: 'workflows/shared/recovery/recover-run.ts',
    find: 'from = page.next;',
    replacement: 'from = null;',
    killedBy: [...RECOVERY, ...LANE],
  },
  {
    name: 'a malformed answer about a terminated run is a loss',
    guarantee: 'O5',
    file: 'workflows/shared/recovery/read-run.ts',
    find: 'throw new InvalidValueError(`The ${what} of run ${runId}`, problem);',
    replacement: "return { kind: 'unreadable', why: problem };",
    killedBy: RECOVERY,
  },
  {
    name: 'a lane whose head is lost goes on with the failure of that head',
    guarantee: 'O5',
    file: 'workflows/lane/recovery.ts',
    find: 'const isHeadGone = lane.queue.length === 0;',
    replacement: 'const isHeadGone = false;',
    killedBy: LANE,
  },
  {
    name: 'a second loss of a pool hides the first one',
    guarantee: 'O5',
    file: 'workflows/pool/recovery.ts',
    find: 'lost: state.lost === undefined ? message : `${state.lost} ${message}`',
    replacement: 'lost: message',
    killedBy: POOL,
  },
];
