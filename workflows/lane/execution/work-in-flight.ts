/**
 * The one piece of work that a lane may have in flight: a run of its events, the fetch of an event's data, or the read of a
 * slice of its backlog. It ends exactly once, also when it is asked to stop.
 */
import { CancellationScope } from '@temporalio/workflow';
import type { SegmentSlice } from '../../../contracts/lane/backlog.ts';
import { askForSlice } from '../../shared/questions.ts';
import type { FetchEnd } from './fetch.ts';
import type { RunEnd } from './runner.ts';

export type Ended =
  | ({ readonly kind: 'run' } & RunEnd)
  /** The data is there. A fetch that failed, or was stopped, ends as a run does. */
  | (FetchEnd & { readonly kind: 'fetched' })
  /** `answer`: absent when there was none. */
  | {
      readonly kind: 'slice';
      readonly segment: string;
      readonly answer?: NonNullable<Awaited<ReturnType<typeof askForSlice>>>;
    };

export type WorkKind = 'batch' | 'event' | 'fetch' | 'slice';

export interface WorkInFlight {
  readonly kind: WorkKind;
  readonly ended: Ended | undefined;
  /** Asks it to stop. */
  stop(): void;
}

/** @param onEnd is called when the work has ended */
export function startWork(kind: WorkKind, onEnd: () => void, work: () => Promise<Ended>): WorkInFlight {
  const scope = new CancellationScope();
  let ended: Ended | undefined;
  void scope.run(async () => {
    ended = await work();
    onEnd();
  });
  return {
    kind,
    get ended() {
      return ended;
    },
    stop: () => scope.cancel(),
  };
}

/** Reads events of a segment. */
export async function readSlice(slice: SegmentSlice): Promise<Ended> {
  const answer = await askForSlice(slice);
  return { kind: 'slice', segment: slice.segment, ...(answer === undefined ? {} : { answer }) };
}

/** The run has found that the key is its pool's. */
export function isDisowned(ended: Ended): boolean {
  return ended.kind === 'run' && ended.outcome.kind === 'not owner';
}
