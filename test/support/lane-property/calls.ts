/**
 * The handler of a case, and every call of it. Looks at each call as it begins: one at a time for a key, none while it is
 * paused, none of an event that a person has skipped (O1, O11). The rest is looked at in the end: see verify.ts.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { HandlerContext } from '../../../contracts/public/handler.ts';
import { NonRetryableError } from '../../../contracts/public/errors.ts';
import { formatPosition } from '../../../contracts/event/position.ts';
import type { HandlerEvent } from '../../../contracts/public/record.ts';
import type { Course } from './course.ts';
import type { WrittenRecord } from './records.ts';

export interface Call {
  readonly record: WrittenRecord;
  readonly idempotencyKey: string;
  /** `killed`: its process died, so what it came to is not known to anybody. */
  end: 'running' | 'succeeded' | 'failed' | 'interrupted' | 'killed';
}

export class Calls {
  /** By key, in the order in which they began. */
  readonly byKey = new Map<string, Call[]>();
  readonly paused = new Set<string>();
  /** Records that are known to be skipped. */
  readonly skipped = new Set<WrittenRecord>();
  /** From then on every call succeeds. */
  isFixed = false;
  readonly #course: Course;
  readonly #find: (name: string) => WrittenRecord | undefined;

  constructor(course: Course, find: (name: string) => WrittenRecord | undefined) {
    this.#course = course;
    this.#find = find;
  }

  readonly handle = async (event: HandlerEvent, context: HandlerContext): Promise<void> => {
    const call = this.#begin(event, context);
    const { name, script } = call.record;
    const isReplaced = call.idempotencyKey.includes('#');
    const failures = this.#of(call.record.key).filter(({ end, record }) => record === call.record && end === 'failed');
    const isBad = script.fails !== 'never' && !isReplaced && !this.isFixed;
    const mustFail = isBad && (script.times === -1 || failures.length < script.times);
    if (script.takes > 0 && !this.isFixed) {
      await delay(script.takes, undefined, { signal: context.signal }).catch(() => undefined);
    }
    if (call.end === 'killed') throw new Error('This process is dead');
    if (context.signal.aborted && !isTimeout(context.signal)) {
      this.#end(call, 'interrupted');
      throw new Error(`${name} was interrupted`);
    }
    if (!mustFail && !context.signal.aborted) return this.#end(call, 'succeeded');
    this.#end(call, 'failed');
    const message = `${name} fails`;
    throw script.fails === 'finally' ? new NonRetryableError(message) : new Error(message);
  };

  /** The process in which all of them run has died. */
  killed(): void {
    for (const call of [...this.byKey.values()].flat()) if (call.end === 'running') this.#end(call, 'killed');
  }

  isDone(record: WrittenRecord): boolean {
    if (this.skipped.has(record)) return true;
    return this.#of(record.key).some((call) => call.record === record && call.end === 'succeeded');
  }

  /** What is being done or retried, as far as calls tell. */
  headOf(key: string): WrittenRecord | undefined {
    const last = this.#of(key).at(-1);
    return last === undefined || this.isDone(last.record) ? undefined : last.record;
  }

  countOf(key: string): number {
    return this.#of(key).length;
  }

  /** Its head. */
  hasFailed(key: string): boolean {
    return this.headOf(key) !== undefined && this.#of(key).at(-1)?.end === 'failed';
  }

  #begin(event: HandlerEvent, { attempt, idempotencyKey }: HandlerContext): Call {
    const name = formatPosition(event.position);
    const record = this.#find(name);
    if (record === undefined) throw new Error(`${name} was never written`);
    const { key } = record;
    if (event.key !== key) this.#course.fail(`${name} of ${key} was handled as ${event.key}'s`);
    const calls = this.#of(key);
    const other = calls.find(({ end }) => end === 'running');
    this.#course.note(`${key}: call of ${name}, attempt ${attempt}, ${idempotencyKey.replace(/^.*:/, '')}`);
    if (other !== undefined) this.#course.fail(`O1: ${name} began beside ${other.record.name}`);
    if (this.paused.has(key)) this.#course.fail(`O11: ${name} began while ${key} was paused`);
    if (this.skipped.has(record)) this.#course.fail(`O11: ${name} began after it was skipped`);
    this.#checkData(event, record, idempotencyKey);
    const call: Call = { record, idempotencyKey, end: 'running' };
    calls.push(call);
    return call;
  }

  #checkData(event: HandlerEvent, { name, number }: WrittenRecord, idempotencyKey: string): void {
    const { n, by } = event.json() as { readonly n?: number; readonly by?: string };
    const isReplaced = idempotencyKey.includes('#');
    const isRight = isReplaced ? by !== undefined : n === number && by === undefined;
    if (!isRight) this.#course.fail(`O11: ${name} came with ${event.text().slice(0, 80)} as ${idempotencyKey}`);
  }

  #of(key: string): Call[] {
    const calls = this.byKey.get(key) ?? [];
    this.byKey.set(key, calls);
    return calls;
  }

  #end(call: Call, end: Call['end']): void {
    call.end = end;
    this.#course.note(`${call.record.key}: ${call.record.name} ${end}`);
  }
}

function isTimeout(signal: AbortSignal): boolean {
  return (signal.reason as Error | undefined)?.name === 'HandlerTimeout';
}
