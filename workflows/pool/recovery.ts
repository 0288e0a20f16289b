import { workflowInfo } from '@temporalio/workflow';
import type { PoolEvent, PoolState } from '../../contracts/pool/state.ts';
import type { PoolSignal } from '../../contracts/pool/messages.ts';
import type { EndedRun, RunName, SignalsFrom } from '../../contracts/run.ts';
import { isPoolSignal } from '../shared/parsing.ts';
import { askForLeftSignals, askForLeftTail, askForRemains } from '../shared/questions.ts';
import { deliveryUnknown } from './moved/delivery-check.ts';

/** What a pool takes over: the state without events, the events in their order, and what came after the last task. */
export interface RecoveredPool {
  readonly state: PoolState;
  readonly events: readonly PoolEvent[];
  readonly signals: readonly PoolSignal[];
}

export function emptyPool(startedAt: number): PoolState {
  return { waiting: [], moved: {}, marks: {}, behindSince: {}, remembersSince: startedAt, handled: 0 };
}

/**
 * What a run of this pool held that was ended from outside, and all that it was sent after its last workflow task (O5).
 * What cannot be read any more is lost, and is told.
 */
export async function recoverRun(ended: EndedRun): Promise<RecoveredPool> {
  const run: RunName = { workflowId: workflowInfo().workflowId, runId: ended.runId };
  const remains = await askForRemains(run);
  // Remembering since ever: what is dropped for being old is lost if that is wrong.
  if (remains === undefined) return lost({ state: emptyPool(0), events: [], signals: [] }, ended, 'What it held');
  let recovered: RecoveredPool;
  if (remains.kind === 'took over') recovered = await recoverRun(remains.predecessor);
  else {
    // It is what the run says of itself, and a run of this id is a pool. One that never did anything has its argument only.
    const { waiting, ...state } = (remains.state as unknown as PoolState | undefined) ?? emptyPool(0);
    const events = waiting.flatMap(({ key, events: own }) => own.map((event) => ({ key, ...event })));
    // Their events come with the others; what is known of the attempts at the first ones is kept.
    const known = waiting.map(({ events: _elsewhere, ...rest }) => Object.assign(rest, { events: [] }));
    recovered = { state: { ...state, moved: deliveryUnknown(state.moved), waiting: known }, events, signals: [] };
    for (let taken = 0; taken < remains.tail;) {
      const more = (await askForLeftTail(run, taken)) as readonly PoolEvent[] | undefined;
      if (more === undefined || more.length === 0) return lost(recovered, ended, 'Some of what it held');
      recovered = { ...recovered, events: [...recovered.events, ...more] };
      taken += more.length;
    }
  }
  for (let from: SignalsFrom | undefined = remains.from; from !== undefined;) {
    const left = await askForLeftSignals(run, from);
    if (left === undefined) return lost(recovered, ended, 'Some of what it was sent');
    const signals = (left.signals as readonly unknown[]).filter(isPoolSignal);
    recovered = { ...recovered, signals: [...recovered.signals, ...signals] };
    from = left.next;
  }
  return recovered;
}

function lost(recovered: RecoveredPool, { at, how, runId }: EndedRun, what: string): RecoveredPool {
  const when = new Date(at).toISOString();
  const text =
    `This pool was ended from outside (${how} at ${when}, run ${runId}), and Temporal does not have that run any more. ` +
    `${what} could not be read: events of its keys may be missing.`;
  return { ...recovered, state: { ...recovered.state, lost: text } };
}
