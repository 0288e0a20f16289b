/** What people ask of the lanes of a case, and what they are told (O11). */
import { inspect } from 'node:util';
import { WorkflowNotFoundError, type Client } from '@temporalio/client';
import { decide } from '../../../operations/decisions/decide.ts';
import { DecisionPendingError, NoSuchLaneError, NothingToDecideError } from '../../../operations/errors.ts';
import { NoWorkerError } from '../../../temporal/errors.ts';
import type { Decision, VerbArgs } from '../../../contracts/lane/decision.ts';
import { laneWorkflowId } from '../../../contracts/lane/id.ts';
import { poolWorkflowId, type VerbName } from '../../../contracts/names.ts';
import { poolOf } from '../../../contracts/pool/pool-of.ts';
import type { Calls } from './calls.ts';
import type { Course } from './course.ts';
import type { WrittenRecord } from './records.ts';

const ACCEPT_TIMEOUT_MS = 60_000;

export interface Asked {
  /** Its own, so that it can be found among the decisions. */
  readonly by: string;
  readonly key: string;
  readonly name: VerbName;
  readonly position: string | undefined;
  readonly as: 'update' | 'signal';
  /**
   * `sent`: as a signal, so the answer is among the decisions. `sent to its pool`: so too, unless the key had just got a lane.
   * `no lane`: there was none.
   */
  answer: 'none yet' | 'done' | 'refused' | 'sent' | 'sent to its pool' | 'no lane' | 'unknown';
  decision?: Decision;
}

export interface VerbsOptions {
  readonly client: Client;
  readonly pipeline: string;
  /** Undefined when each key has a lane of its own. */
  readonly pools: number | undefined;
  readonly calls: Calls;
  readonly course: Course;
  readonly find: (name: string) => WrittenRecord | undefined;
  /** Of their lanes, which were terminated, nobody knows what became of a verb that was under way. */
  readonly terminated: ReadonlySet<string>;
}

export class Verbs {
  readonly asked: Asked[] = [];
  readonly #pending: Promise<void>[] = [];
  readonly #options: VerbsOptions;

  constructor(options: VerbsOptions) {
    this.#options = options;
  }

  /** Does not wait for the answer. */
  ask(key: string, name: VerbName, as: 'update' | 'signal', position?: string): Promise<void> {
    const asked: Asked = { by: `p${this.asked.length + 1}`, key, name, position, as, answer: 'none yet' };
    this.asked.push(asked);
    if (name === 'resume') this.#options.calls.paused.delete(key);
    const pending = this.#ask(asked);
    this.#pending.push(pending);
    return pending;
  }

  /** What a lane says of them, of those among them too that came as signals. */
  learn(decisions: readonly Decision[]): void {
    for (const { outcome, position = '', verb } of decisions) {
      const record = this.#options.find(position);
      if (verb === 'skip' && outcome === 'done' && record !== undefined) this.#options.calls.skipped.add(record);
    }
  }

  async answered(): Promise<void> {
    await Promise.all(this.#pending);
  }

  async #ask(asked: Asked): Promise<void> {
    const { as, by, key, name, position } = asked;
    const { client, course, pipeline, pools, terminated } = this.#options;
    const named = position === undefined ? '' : ` ${position}`;
    course.note(`${key}: ${by} asks for ${name}${named} (${as})`);
    const args: VerbArgs = { by, ...(position && { position }), ...(name === 'replace' && { data: { by } }) };
    try {
      if (as === 'signal') {
        asked.answer = await this.#signal(key, name, args);
        return;
      }
      const verdict = { pipeline, pools, key, verb: name, args, timeoutMs: ACCEPT_TIMEOUT_MS };
      asked.decision = await decide(client, verdict);
      asked.answer = 'done';
      this.#done(asked, asked.decision);
    } catch (error) {
      asked.answer = answerOf(error);
      const why = inspect(error, { breakLength: Infinity });
      course.note(`${key}: ${by}, ${asked.answer}: ${asked.answer === 'unknown' ? why : String(error)}`);
      if (asked.answer !== 'unknown' || isNotInTime(error) || terminated.has(key)) return;
      course.fail(`O11: ${by} got no answer to ${name} of ${key}: ${String(error)}`);
    }
  }

  /** A key that is in its pool can be paused there. */
  async #signal(key: string, name: VerbName, args: VerbArgs): Promise<'sent' | 'sent to its pool'> {
    const { client, pipeline, pools } = this.#options;
    try {
      await client.workflow.getHandle(laneWorkflowId(pipeline, key)).signal(name, args);
      return 'sent';
    } catch (error) {
      if (pools === undefined || name !== 'pause' || !(error instanceof WorkflowNotFoundError)) throw error;
      await client.workflow.getHandle(poolWorkflowId(pipeline, poolOf(key, pools))).signal(name, { ...args, key });
      return 'sent to its pool';
    }
  }

  #done({ by, key, name }: Asked, decision: Decision): void {
    this.#options.course.note(`${key}: ${by}'s ${name} ${decision.position ?? ''} is done`);
    this.learn([decision]);
    if (name === 'pause' && !this.#mayBeResumed(by, key)) this.#options.calls.paused.add(key);
  }

  /** By somebody who has asked since; nobody knows which of the two came first. */
  #mayBeResumed(by: string, key: string): boolean {
    const since = this.asked.findIndex((each) => each.by === by);
    return this.asked.some((each, index) => {
      const isOpen = index > since || each.answer === 'none yet' || each.answer.startsWith('sent');
      return each.key === key && each.name === 'resume' && isOpen;
    });
  }
}

/** The caller is told that nobody has answered so far. */
function isNotInTime(error: unknown): boolean {
  return error instanceof NoWorkerError || error instanceof DecisionPendingError;
}

function answerOf(error: unknown): Asked['answer'] {
  if (error instanceof NothingToDecideError) return 'refused';
  return error instanceof NoSuchLaneError || error instanceof WorkflowNotFoundError ? 'no lane' : 'unknown';
}
