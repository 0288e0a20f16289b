/**
 * What must hold when a case is over and everything has come out. What the handler saw is in {@link Calls}, what the lanes
 * say in their last states, and what Temporal lost of the handler's answers in the lanes' histories.
 */
import type { Decision } from '../../../contracts/lane/decision.ts';
import type { LaneView } from '../../../contracts/lane/view.ts';
import { QUERIES } from '../../../contracts/names.ts';
import { poolOf } from '../../../contracts/pool/pool-of.ts';
import type { PoolView } from '../../../contracts/pool/view.ts';
import { eventually } from '../eventually.ts';
import type { Call } from './calls.ts';
import { repeatable } from './lost-answers.ts';
import type { WrittenRecord } from './records.ts';
import type { RunningCase } from './run-case.ts';
import type { Asked } from './verbs.ts';

interface LaneStory {
  readonly key: string;
  readonly decisions: readonly Decision[];
  /** By all lanes that the key has had. */
  readonly handled: number;
  readonly skipped: ReadonlySet<WrittenRecord>;
  readonly records: readonly WrittenRecord[];
  readonly calls: readonly Call[];
  /** What may have been begun again after it had succeeded (O7). */
  readonly mayRepeat: ReadonlySet<string>;
}

export async function verify(one: RunningCase): Promise<void> {
  const stories = await Promise.all(one.keys.map((key) => storyOf(one, key)));
  for (const story of stories) {
    checkDecisions(one, story);
    checkOrder(one, story);
    checkLoss(one, story);
    count(one, story);
  }
  if (one.pools === undefined) for (const story of stories) checkCount(one, [story], 0);
  for (const [pool, id] of one.poolIds.entries()) {
    const own = stories.filter(({ key }) => poolOf(key, one.poolIds.length) === pool);
    if (own.length > 0) await checkPool(one, id, own);
  }
}

/** It has every key, and nothing to do. */
async function checkPool(one: RunningCase, id: string, stories: readonly LaneStory[]): Promise<void> {
  const view = await one.client.workflow.getHandle(id).query<PoolView>(QUERIES.pool);
  if (view.moved + view.waiting + view.batches > 0 || view.lost !== undefined || view.outage !== undefined)
    one.course.fail(`O5: ${id} is not as it was in the beginning: ${JSON.stringify(view)}`);
  checkCount(one, stories, view.handled);
  one.count('handled in pools', view.handled);
}

async function storyOf(one: RunningCase, key: string): Promise<LaneStory> {
  const told = new Set(one.verbs.asked.filter((asked) => asked.key === key && mustBeKept(asked)).map(({ by }) => by));
  // What is listed comes a little late.
  const views = await eventually(async () => {
    const found = await lastViews(one, key);
    const kept = new Set(found.flatMap(({ decisions }) => decisions.map(({ by }) => by)));
    return [...told].every((by) => kept.has(by)) && found;
  }, 5000).catch(async () => await lastViews(one, key));
  const decisions = views.flatMap((view) => view.decisions);
  const records = [...one.records.values()].filter((record) => record.key === key);
  const skips = decisions.filter(({ outcome, verb }) => verb === 'skip' && outcome === 'done');
  const calls = one.calls.byKey.get(key) ?? [];
  return {
    key,
    decisions,
    handled: views.reduce((sum, { handled }) => sum + handled, 0),
    skipped: new Set(records.filter(({ name }) => skips.some(({ position }) => position === name))),
    records,
    calls,
    mayRepeat: hasRepeats(calls) ? await repeatableOf(one, key) : new Set(),
  };
}

async function repeatableOf(one: RunningCase, key: string): Promise<ReadonlySet<string>> {
  const pool = one.pools === undefined ? [] : [one.poolIds[poolOf(key, one.pools)]!];
  const sets = await Promise.all([one.lane(key).workflowId, ...pool].map((id) => repeatable(one.client, id)));
  return new Set(sets.flatMap((set) => Array.from(set)));
}

/** Of the last run of each lane that the key has had: a run that continued, or was taken over, says nothing more. */
async function lastViews(one: RunningCase, key: string): Promise<LaneView[]> {
  const { client } = one;
  const { workflowId } = one.lane(key);
  const views: LaneView[] = [];
  for await (const { runId, status } of client.workflow.list({ query: `WorkflowId = "${workflowId}"` })) {
    if (status.name !== 'COMPLETED') continue;
    views.push(await client.workflow.getHandle(workflowId, runId).query<LaneView>(QUERIES.lane));
  }
  return views;
}

/** Whether the lane must have kept it. */
function mustBeKept({ answer }: Asked): boolean {
  return answer === 'done' || answer === 'sent';
}

/** O11: each verb was decided on once, as its caller was told, and did what it says. */
function checkDecisions(one: RunningCase, { decisions, key, records }: LaneStory): void {
  for (const asked of one.verbs.asked.filter((each) => each.key === key)) {
    const { answer, by, name, position } = asked;
    const kept = decisions.filter((decision) => decision.by === by);
    const what = `${by}'s ${name} ${position ?? ''} of ${key}, told ${answer}, is kept as ${JSON.stringify(kept)}`;
    const decision = kept.find(({ outcome }) => outcome === 'done') ?? kept[0];
    if (kept.length > 1 && !isPassedOn(one, asked, kept)) one.course.fail(`O11: more than once: ${what}`);
    // A signal that no task had seen when its lane was terminated is gone with it.
    const mayBeGone = one.terminated.has(key);
    if (kept.length === 0 && mustBeKept(asked) && !mayBeGone) one.course.fail(`O11: not kept: ${what}`);
    if (decision === undefined) continue;
    if (answer === 'done' && decision.outcome !== 'done') one.course.fail(`O11: ${what}`);
    if ((answer === 'refused' || answer === 'no lane') && decision.outcome === 'done') one.course.fail(`O11: ${what}`);
    if (asked.decision !== undefined && asked.decision.position !== decision.position) one.course.fail(`O11: ${what}`);
    const isBound = position !== undefined && name !== 'pause' && name !== 'resume' && decision.outcome === 'done';
    if (isBound && decision.position !== position) one.course.fail(`O11: another record: ${what}`);
  }
  for (const record of records) checkEffects(one, record, decisions);
}

/** A pause that comes to a lane which gives its key back just then: it is refused there, and the pool carries it out. */
function isPassedOn({ pools }: RunningCase, { as, name }: Asked, kept: readonly Decision[]): boolean {
  const outcomes = kept.map(({ outcome }) => outcome).toSorted();
  return pools !== undefined && as === 'signal' && name === 'pause' && outcomes.join() === 'done,refused';
}

function checkEffects(one: RunningCase, { key, name }: WrittenRecord, decisions: readonly Decision[]): void {
  const done = decisions.filter(({ outcome, position }) => outcome === 'done' && position === name);
  const skips = done.filter(({ verb }) => verb === 'skip').length;
  const replaced = done.filter(({ verb }) => verb === 'replace');
  if (skips > 1) one.course.fail(`O11: ${name} was skipped ${skips} times`);
  const calls = (one.calls.byKey.get(key) ?? []).filter((call) => call.record.name === name);
  const versions = calls.map(({ idempotencyKey }) => Number(idempotencyKey.split('#')[1] ?? 0));
  if (versions.some((version, index) => version < (versions[index - 1] ?? 0))) {
    one.course.fail(`O11: ${name} was handled with data from before a replace: ${versions.join()}`);
  }
  const last = versions.at(-1) ?? 0;
  if (skips === 0 && last !== replaced.length) {
    one.course.fail(`O11: ${name} was replaced ${replaced.length} times, and handled as version ${last}`);
  }
  const failures = calls.filter(({ end }) => end === 'failed').length;
  const unnamed = done.filter(({ failure, verb }) => verb === 'retry' && failure === undefined);
  if (unnamed.length > 0 || (done.length > 0 && failures === 0 && done.some(({ failure }) => failure !== undefined))) {
    one.course.fail(`O11: decided on a failure that ${name} never had: ${JSON.stringify(done)}`);
  }
}

/** O1: an event begins when all before it in its shard are done, and whatever the lane was at before. */
function checkOrder({ course }: RunningCase, { calls, mayRepeat, records, skipped }: LaneStory): void {
  const succeeded = new Set<WrittenRecord>();
  let current: WrittenRecord | undefined;
  for (const { end, record } of calls) {
    const { name } = record;
    if (succeeded.has(record) && !mayRepeat.has(name)) course.fail(`O6: ${name} began again after it had succeeded`);
    if (current !== undefined && current !== record && !skipped.has(current) && !succeeded.has(record)) {
      course.fail(`O1: ${name} began before ${current.name} was done`);
    }
    const missing = records.find(
      (each) =>
        each.position.shardId === record.position.shardId &&
        each.number < record.number &&
        !succeeded.has(each) &&
        !skipped.has(each),
    );
    if (missing !== undefined) course.fail(`O1: ${name} began before ${missing.name}`);
    if (end === 'succeeded') succeeded.add(record);
    current = end === 'succeeded' ? undefined : record;
  }
}

/** O4, O5: each record was handled or skipped. */
function checkLoss({ course }: RunningCase, { calls, key, mayRepeat, records, skipped }: LaneStory): void {
  const succeeded = new Set(calls.filter(({ end }) => end === 'succeeded').map(({ record }) => record));
  for (const record of records) {
    const isHandled = succeeded.has(record);
    if (!isHandled && !skipped.has(record)) course.fail(`O5: ${record.name} of ${key} was lost`);
    if (isHandled && skipped.has(record) && !mayRepeat.has(record.name)) {
      course.fail(`O11: ${record.name} was handled and skipped`);
    }
  }
}

/** O6: each record of these keys counts once. */
function checkCount({ course }: RunningCase, stories: readonly LaneStory[], handledInPool: number): void {
  const sum = (of: (story: LaneStory) => number): number => stories.reduce((all, story) => all + of(story), 0);
  const keys = stories.map(({ key }) => key).join();
  const written = sum(({ records }) => records.length);
  const handled = sum((story) => story.handled);
  const skipped = sum((story) => story.skipped.size);
  if (handledInPool + handled + skipped === written) return;
  const out = `${handled} handled, ${skipped} skipped`;
  course.fail(`O6: ${keys} had ${written} records; lanes have ${out}, their pool has ${handledInPool} handled`);
}

function hasRepeats(calls: readonly Call[]): boolean {
  const succeeded = new Set<WrittenRecord>();
  return calls.some(({ end, record }) => {
    const isRepeated = succeeded.has(record);
    if (end === 'succeeded') succeeded.add(record);
    return isRepeated;
  });
}

function count(one: RunningCase, { calls, decisions, mayRepeat }: LaneStory): void {
  one.count('calls', calls.length);
  one.count('calls that failed', calls.filter(({ end }) => end === 'failed').length);
  one.count('calls that were interrupted', calls.filter(({ end }) => end === 'interrupted').length);
  one.count('calls that were killed', calls.filter(({ end }) => end === 'killed').length);
  one.count('may have repeated', mayRepeat.size);
  for (const { outcome, verb } of decisions) one.count(`${verb} ${outcome}`);
}
