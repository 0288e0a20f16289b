/**
 * Loaded into a process of Keylane by `--import`: what its workers report is not what Temporal's core can read, as after a
 * fault of a converter or of the SDK. BREAK_WORKER says what then becomes of the worker: `fails`, or `hangs` for good.
 * The longest timers, those that end a process which does not stop, fire after some seconds.
 */
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

const ours = createRequire(fileURLToPath(import.meta.url));
// The copy of it that the SDK uses.
const { native } = createRequire(ours.resolve('@temporalio/worker'))('@temporalio/core-bridge');
const LONG_MS = 40_000;
const SOON_MS = 4000;

const complete = native.workerCompleteActivityTask;
native.workerCompleteActivityTask = (worker, _completion) => complete(worker, Buffer.from('not a completion'));
if (process.env['BREAK_WORKER'] === 'hangs') native.workerFinalizeShutdown = () => new Promise(() => {});

const { setTimeout: original } = globalThis;
globalThis.setTimeout = (run, ms, ...rest) => original(run, ms > LONG_MS ? SOON_MS : ms, ...rest);
