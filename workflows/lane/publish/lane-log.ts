/**
 * Logs when a key is blocked, released, paused or resumed. Workflow code does not log while a history is replayed, so each
 * line is written once, by the process that runs the workflow at that time, in both hostings.
 *
 * Owns which block has been logged; a run that continues another one starts with the block of the carried state.
 */
import { log } from '@temporalio/workflow';
import { visibleName } from '../../../lib/pure/visible.ts';
import type { Decision } from '../../../contracts/lane/decision.ts';
import type { LaneState } from '../../../contracts/lane/state.ts';
import type { VerbName } from '../../../contracts/names.ts';
import { ownLine } from '../../../contracts/own-line.ts';
import { formatPosition } from '../../../contracts/event/position.ts';
import { verbCommand } from '../../../contracts/lane/verb-command.ts';
import { waitingIn } from './appearance.ts';
import { headFailure } from '../core/machine.ts';

export class LaneLog {
  readonly #pipeline: string;
  readonly #key: string;
  #logged: string | undefined;

  constructor(pipeline: string, key: string, lane: LaneState) {
    this.#pipeline = pipeline;
    this.#key = key;
    this.#logged = blockOf(lane);
  }

  /** Logs a block, if the lane has been blocked since the last call. */
  changed(lane: LaneState): void {
    const block = blockOf(lane);
    if (block === this.#logged) return;
    this.#logged = block;
    const failing = headFailure(lane.phase);
    const head = lane.queue[0];
    if (block === undefined || failing === undefined || head === undefined) return;
    const position = formatPosition(head.position);
    const { attempts, failure } = failing;
    const target = { pipeline: this.#pipeline, key: this.#key, name: `${this.#pipeline}:${this.#key}`, position };
    const release = verbCommand('keylane', 'retry', target);
    const cause = { errorType: failure.type, cause: failure.message };
    log.warn(
      'Key blocked: it waits until an operator retries, skips or replaces its record',
      ownLine({ ...this.#name(), position, attempts, ...cause, waiting: waitingIn(lane), release }),
    );
  }

  /** Logs a verb that was carried out; a refusal is reported to its sender. */
  decided({ verb, outcome, by, reason, position, stateBefore, stateAfter }: Decision): void {
    if (outcome === 'refused') return;
    const isReleased = stateBefore === 'blocked' && stateAfter !== 'blocked';
    const record = { ...(position === undefined ? {} : { position }), ...(reason === undefined ? {} : { reason }) };
    log.info(decisionText(verb, isReleased), ownLine({ ...this.#name(), verb, by, ...record }));
  }

  #name() {
    return { pipeline: this.#pipeline, key: visibleName(this.#key) };
  }
}

function decisionText(verb: VerbName, isReleased: boolean): string {
  // A blocked key that is paused is no longer blocked, but it does not proceed either.
  if (verb === 'pause') return 'Key paused';
  if (verb === 'resume') return 'Key resumed';
  return isReleased ? `Key released by ${verb}` : `Key: ${verb} carried out`;
}

/** Identifies a block. */
function blockOf(lane: LaneState): string | undefined {
  const head = lane.queue[0];
  const failing = headFailure(lane.phase);
  if (lane.phase.state !== 'blocked' || failing === undefined || head === undefined) return undefined;
  return `${formatPosition(head.position)} ${failing.since} ${failing.attempts}`;
}
