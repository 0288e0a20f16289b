/**
 * Runs events of one key one after the other, and stops at the first that fails. Invariant: none is started once the activity was
 * asked to stop, the worker is stopping, or another process may have the work (O1).
 */
import { Context } from '@temporalio/activity';
import type { EventBatchInput } from '../../contracts/execution/activities.ts';
import type { Outcome, Progress } from '../../contracts/execution/outcome.ts';
import { readProgress, type EncodedOutcomes } from '../../contracts/execution/outcome-codec.ts';
import { startHeartbeat } from '../heartbeat.ts';
import { AttemptOwnership } from './attempt-ownership.ts';
import type { HandlerCaller } from './call.ts';
import { callForEvent, countAttempt } from './call-event.ts';
import { lostFailure } from './failure.ts';
import { heartbeatTimeoutMs, type HandlingDependencies, type HandlingPipeline } from './handling.ts';
import type { StartedHere } from './started-here.ts';

/** Of {@link EncodedOutcomes}, what is known before the batch has ended. */
type Heartbeat = Pick<EncodedOutcomes, 'succeeded'>;

interface Known {
  readonly succeeded: number;
  readonly wasLost: boolean;
  /** Of the event after those that succeeded. */
  readonly losses: number;
}

/**
 * What earlier attempts of the batch came to, in other processes. A process that cannot continue with it must not forget it: what
 * was done would be done again (O7), and an event that kills processes would never be found.
 */
function knownSoFar({ events, losses = 0 }: EventBatchInput): Known {
  const { attempt, heartbeatDetails } = Context.current().info;
  const [succeeded = 0] = readProgress(heartbeatDetails, [events.length]);
  const lost = attempt - 1;
  return { succeeded, wasLost: lost > 0, losses: succeeded === 0 ? losses + lost : lost };
}

/** The outcome of an attempt that starts no event. */
export function outcomeSoFar(input: EventBatchInput, why: 'not started' | 'not owner' = 'not started'): Outcome {
  const known = knownSoFar(input);
  const progress = { succeeded: known.succeeded, ...lossesOf(known) };
  if (why === 'not owner') return { kind: 'not owner', ...progress };
  if (known.succeeded === input.events.length) return { kind: 'succeeded', ...progress };
  return { kind: known.succeeded === 0 ? 'not started' : 'stopped', ...progress };
}

export async function runEvents(
  input: EventBatchInput,
  pipeline: HandlingPipeline,
  { client, freezeWatch, log, stopping }: HandlingDependencies,
  caller: HandlerCaller,
  startedHere: StartedHere,
): Promise<Outcome> {
  const known = knownSoFar(input);
  let { succeeded } = known;
  const { cancellationSignal, info } = Context.current();
  // The losses are those of the event that comes next, as long as that has not been run to its end.
  const progress = (): Progress =>
    succeeded > known.succeeded
      ? { succeeded, ...lossesOf({ ...known, losses: 0 }) }
      : { succeeded, ...lossesOf(known) };
  const head = input.events[succeeded];
  const lost = head && lostFailure(known.losses, startedHere.times(input.pipeline, input.key, head));
  if (lost !== undefined) {
    countAttempt(pipeline, lost, 1);
    return { kind: 'failed', ...lossesOf({ ...known, losses: 0 }), succeeded, failure: lost, attempts: 1 };
  }
  // After a loss one event at a time: see `isolateNext` in LaneState.
  const end = known.wasLost ? Math.min(succeeded + 1, input.events.length) : input.events.length;
  const timeoutMs = heartbeatTimeoutMs();
  const details = (): Heartbeat => ({ succeeded: [succeeded] });
  const ownership = new AttemptOwnership({ client, freezeWatch, timeoutMs, progress: details });
  const heartbeat = startHeartbeat(timeoutMs, details, freezeWatch);
  try {
    while (succeeded < end && !stopping.aborted && !cancellationSignal.aborted) {
      const event = input.events[succeeded];
      if (event === undefined) break;
      startedHere.add(input.pipeline, input.key, event);
      const call = { pipeline: input.pipeline, key: input.key, event, attempt: info.attempt };
      const result = await callForEvent({ pipeline, ownership, stopping, caller, log }, call);
      if (result.kind === 'interrupted') break;
      if (result.kind === 'failed') {
        countAttempt(pipeline, result.failure, 1);
        const flags = lossesOf({ ...known, losses: 0 });
        return { kind: 'failed', ...flags, succeeded, failure: result.failure, attempts: 1 };
      }
      pipeline.metrics?.handled();
      succeeded += 1;
    }
    return { kind: succeeded === input.events.length ? 'succeeded' : 'stopped', ...progress() };
  } finally {
    heartbeat.stop();
  }
}

function lossesOf({ losses, wasLost }: Pick<Known, 'losses' | 'wasLost'>): Omit<Progress, 'succeeded'> {
  return { ...(wasLost ? { lostBefore: true } : {}), ...(losses === 0 ? {} : { losses }) };
}
