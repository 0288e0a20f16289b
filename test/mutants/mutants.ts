/**
 * Changes to the code that would each break a guarantee. The tests named beside a mutant are the ones that show the
 * guarantee; they must fail with it. A mutant that survives means that those tests assert less than their titles say.
 */
export interface Mutant {
  /** What the code does wrong with this change. */
  readonly name: string;
  /** One of O1 to O11. */
  readonly guarantee: string;
  readonly file: string;
  /** Must occur exactly once in `file`: test/architecture/mutants.test.ts checks that, so the list cannot go stale. */
  readonly find: string;
  readonly replacement: string;
  /** Test files, at least one of which must fail. */
  readonly killedBy: readonly string[];
}

const LINEAGE = ['test/unit/bridge/lineage/lineage.test.ts', 'test/cases/lineage.test.ts'];
const TRACKER = ['test/unit/bridge/checkpoint-tracker.test.ts'];
const DISPATCHER = ['test/unit/bridge/dispatcher.test.ts'];
const READER = ['test/unit/bridge/reader.test.ts', 'test/unit/bridge/reader.property.test.ts'];
const LEASE = ['test/unit/bridge/lease.test.ts'];
const FREEZE = ['test/unit/contracts/freeze-watch.test.ts'];
const MARKS = ['test/unit/workflows/lane/marks.test.ts', 'test/unit/workflows/lane/machine.property.test.ts'];
const MACHINE = ['test/unit/workflows/lane/machine.test.ts', 'test/unit/workflows/lane/machine.property.test.ts'];
const QUARANTINE = ['test/unit/workflows/quarantine/quarantine.property.test.ts'];
const POOL_KEYS = ['test/unit/workflows/pool/healthy-keys.test.ts'];
const MOVED_KEYS = ['test/unit/workflows/pool/moved-keys.test.ts'];
const STREAM = [
  'test/unit/contracts/stream-identity.test.ts',
  'test/unit/bridge/lineage/stream.test.ts',
  'test/unit/activities/reading/stream-guard.test.ts',
];
const TURNS = ['test/unit/workflows/turns.test.ts'];
const BATCH = ['test/unit/activities/handling/batch.test.ts'];

export const MUTANTS: readonly Mutant[] = [
  {
    name: 'a child shard is read while its parents are',
    guarantee: 'O2',
    file: 'bridge/lineage/lineage.ts',
    find: '.filter(({ parents }) => parents.every((parent) => state.shards[parent] === undefined))',
    replacement: '.filter(() => true)',
    killedBy: LINEAGE,
  },
  {
    name: 'one finished parent of two is enough',
    guarantee: 'O2',
    file: 'bridge/lineage/lineage.ts',
    find: 'parents.every((parent) => state.shards[parent] === undefined)',
    replacement: '(parents.length === 0 || parents.some((parent) => state.shards[parent] === undefined))',
    killedBy: LINEAGE,
  },
  {
    name: 'a parent that one listing leaves out counts as gone',
    guarantee: 'O2',
    file: 'bridge/lineage/listing.ts',
    find: 'const MISSING_FROM = 2;',
    replacement: 'const MISSING_FROM = 1;',
    killedBy: LINEAGE,
  },
  {
    name: 'a shard that appears later begins where the pipeline began',
    guarantee: 'O4',
    file: 'bridge/lineage/listing.ts',
    find: "state.discovered ? { at: 'horizon' } : startAt",
    replacement: 'startAt',
    killedBy: LINEAGE,
  },
  {
    name: 'a finished shard is forgotten as soon as a listing leaves it out',
    guarantee: 'O6',
    file: 'bridge/lineage/listing.ts',
    find: 'else if (now - since <= FORGET_AFTER_MS) missingSince[shardId] = since;',
    replacement: '',
    killedBy: [...LINEAGE, 'test/cases/ends.test.ts'],
  },
  {
    name: 'a late report moves a checkpoint back',
    guarantee: 'O4',
    file: 'bridge/lineage/lineage.ts',
    find: 'return comparePositions(a, b) >= 0 ? a : b;',
    replacement: 'return b;',
    killedBy: ['test/unit/bridge/lineage/lineage.test.ts'],
  },
  {
    name: 'a gap is reported again by each reader',
    guarantee: 'O10',
    file: 'bridge/lineage/lineage.ts',
    find: '.filter((gap) => !known.has(gapId(gap)));',
    replacement: ';',
    killedBy: ['test/unit/bridge/lineage/lineage.test.ts'],
  },
  {
    name: 'the checkpoint passes records that are not done',
    guarantee: 'O4',
    file: 'bridge/checkpoint-tracker.ts',
    find: 'if (latest !== this.#first) return;',
    replacement: '',
    killedBy: TRACKER,
  },
  {
    name: 'records out of order are taken as if they were in order',
    guarantee: 'O1',
    file: 'bridge/checkpoint-tracker.ts',
    find: 'if (this.#newest !== undefined && comparePositions(position, this.#newest) <= 0) {',
    replacement: 'if (false) {',
    killedBy: TRACKER,
  },
  {
    name: 'a shard counts as finished while its last records are on their way',
    guarantee: 'O2',
    file: 'bridge/shard-reader.ts',
    find: 'return this.#ended && this.#tracker.drained;',
    replacement: 'return this.#ended;',
    killedBy: [...READER, 'test/cases/ends.test.ts'],
  },
  {
    name: 'a record is done before a lane has accepted it',
    guarantee: 'O4',
    file: 'bridge/shard-reader.ts',
    find: 'const held: Held = { bytes };',
    replacement: 'const held: Held = { bytes }; this.#tracker.done(ticket);',
    killedBy: READER,
  },
  {
    name: 'a record that is gone from the source is passed over in silence',
    guarantee: 'O10',
    file: 'bridge/shard-reader.ts',
    find: 'if (page.gap !== undefined) this.#noteGap(page.gap);',
    replacement: '',
    killedBy: ['test/unit/bridge/reader-trouble.test.ts', 'test/cases/past.test.ts'],
  },
  {
    name: 'a shard that fails is read again while records of it are on their way',
    guarantee: 'O6',
    file: 'bridge/shard-reader.ts',
    find: 'if (!this.#tracker.drained) return clock.now() + DRAINED_POLL_MS;',
    replacement: '',
    killedBy: ['test/unit/bridge/reader-trouble.test.ts'],
  },
  {
    name: 'two requests are in flight for one lane',
    guarantee: 'O1',
    file: 'bridge/dispatcher.ts',
    find: '      this.#ready.add(queue);\n    }\n    const entry',
    replacement: '    }\n    this.#ready.add(queue);\n    const entry',
    killedBy: [...DISPATCHER, ...READER],
  },
  {
    name: 'an answer after the stop counts',
    guarantee: 'O6',
    file: 'bridge/dispatcher.ts',
    find: 'if (!signal.aborted) this.#after(queue, ticket, sent, failure);',
    replacement: 'this.#after(queue, ticket, sent, failure);',
    killedBy: DISPATCHER,
  },
  {
    name: 'a reader holds more than its budget',
    guarantee: 'O9',
    file: 'bridge/budget.ts',
    find: 'return this.#records < this.#limit.records && this.#bytes + bytes <= this.#limit.bytes;',
    replacement: 'return true;',
    killedBy: ['test/unit/bridge/budget.test.ts'],
  },
  {
    name: 'a stamp is given without an answer of the server',
    guarantee: 'O6',
    file: 'bridge/lease.ts',
    find: 'if (this.#startedAt === undefined || clock.now() - this.#confirmedAt > CONFIRM_EVERY_MS) {',
    replacement: 'if (this.#startedAt === undefined) {',
    killedBy: LEASE,
  },
  {
    name: 'an attempt that the server no longer runs goes on',
    guarantee: 'O6',
    file: 'bridge/lease.ts',
    find: 'this.lose(new LeaseLostError(`Temporal no longer runs this attempt of reader ${reader}: it stops here.`));',
    replacement: 'this.#startedAt = askedAt;',
    killedBy: LEASE,
  },
  {
    name: 'a reader that was frozen sends what it had',
    guarantee: 'O6',
    file: 'bridge/lease.ts',
    find: '    this.#guard.check();\n    this.#lost.signal.throwIfAborted();',
    replacement: '',
    killedBy: LEASE,
  },
  {
    name: 'a suspended machine does not count as frozen',
    guarantee: 'O1',
    file: 'contracts/freeze-watch.ts',
    find: 'const gap = Math.max(monotonic - this.#lastTick, wall - this.#lastWall);',
    replacement: 'const gap = monotonic - this.#lastTick;',
    killedBy: FREEZE,
  },
  {
    name: 'a freeze does not reach who watches for it',
    guarantee: 'O1',
    file: 'contracts/freeze-watch.ts',
    find: 'for (const guard of this.#guards) guard.frozeFor(gap);',
    replacement: '',
    killedBy: FREEZE,
  },
  {
    name: 'a position at the mark is taken in again',
    guarantee: 'O6',
    file: 'workflows/lane/marks.ts',
    find: 'return mark === undefined || comparePositions(position, mark) > 0;',
    replacement: 'return mark === undefined || comparePositions(position, mark) >= 0;',
    killedBy: MARKS,
  },
  {
    name: 'a mark is forgotten before the durable checkpoint has passed it',
    guarantee: 'O6',
    file: 'workflows/lane/marks.ts',
    find: 'return checkpoint.position === undefined || comparePositions(mark, checkpoint.position) > 0;',
    replacement: 'return checkpoint.position === undefined;',
    killedBy: MARKS,
  },
  {
    name: 'a mark of a shard that was not asked for is forgotten',
    guarantee: 'O6',
    file: 'workflows/lane/marks.ts',
    find: 'if (checkpoint === undefined) return true;',
    replacement: 'if (checkpoint === undefined) return false;',
    killedBy: MARKS,
  },
  {
    name: 'a request of a former reader is taken in',
    guarantee: 'O6',
    file: 'workflows/lane/marks.ts',
    find: 'return leaseUntil + marginMs < remembersSince;',
    replacement: 'return false;',
    killedBy: MARKS,
  },
  {
    name: 'a request is dropped although its sender may be the reader',
    guarantee: 'O4',
    file: 'workflows/lane/marks.ts',
    find: 'return leaseUntil + marginMs < remembersSince;',
    replacement: 'return leaseUntil < remembersSince;',
    killedBy: MARKS,
  },
  {
    name: 'what the quarantine brings is held against the mark of its shard',
    guarantee: 'O4',
    file: 'workflows/lane/marks.ts',
    find: 'return event.late === undefined ? event.position : { shardId: QUARANTINE_MARK, sequenceNumber: event.late };',
    replacement: 'return event.position;',
    killedBy: [...MARKS, ...MACHINE],
  },
  {
    name: 'a lane that is blocked goes on with its head',
    guarantee: 'O1',
    file: 'workflows/lane/machine.ts',
    find: "if (lane.phase.state !== 'idle') return { kind: 'none' };",
    replacement: "if (lane.phase.state === 'running') return { kind: 'none' };",
    killedBy: MACHINE,
  },
  {
    name: 'a stretch drops the event that failed',
    guarantee: 'O4',
    file: 'workflows/lane/machine.ts',
    find: '    queue: lane.queue.slice(done),\n    handled: lane.handled + done,',
    replacement:
      '    queue: lane.queue.slice(done + (outcome.failed === undefined ? 0 : 1)),\n    handled: lane.handled + done,',
    killedBy: MACHINE,
  },
  {
    name: 'an event that failed for good is dropped',
    guarantee: 'O5',
    file: 'workflows/lane/machine.ts',
    find: "return { ...lane, phase: move(lane.phase, 'eventFailed', phase) };",
    replacement: "return { ...lane, queue: lane.queue.slice(1), phase: move(lane.phase, 'eventFailed', phase) };",
    killedBy: MACHINE,
  },
  {
    name: 'a second skip that arrives late takes the next event',
    guarantee: 'O11',
    file: 'workflows/lane/decide.ts',
    find: 'return { ...verb, args: { ...verb.args, position: formatPosition(head.position) } };',
    replacement: 'return verb;',
    killedBy: MACHINE,
  },
  {
    name: 'a verb acts on an event that is not at the head',
    guarantee: 'O11',
    file: 'workflows/lane/decide.ts',
    find: 'if (named !== undefined && !isWithReach(lane, named)) return refuse(whyOutOfReach(lane, named));',
    replacement: '',
    killedBy: MACHINE,
  },
  {
    name: 'a replaced event keeps its idempotency key',
    guarantee: 'O7',
    file: 'workflows/lane/decide.ts',
    find: 'replaced: (head.replaced ?? 0) + 1',
    replacement: 'replaced: head.replaced ?? 0',
    killedBy: MACHINE,
  },
  {
    name: 'the quarantine takes a record in twice',
    guarantee: 'O6',
    file: 'workflows/quarantine/state.ts',
    find: 'return { ...state, records: [...state.records, ...fresh], marks, behindSince };',
    replacement: 'return { ...state, records: [...state.records, ...signal.records], marks, behindSince };',
    killedBy: QUARANTINE,
  },
  {
    name: 'a lane turns for ever when its timer for going back has fired while it is blocked',
    guarantee: 'O3',
    file: 'workflows/lane/host.ts',
    find: "if (this.#idleTimer === 'fired') this.#idleTimer = 'none';",
    replacement: '',
    killedBy: TURNS,
  },
  {
    name: 'a run of a pool does not end while a pause waits',
    guarantee: 'O3',
    file: 'workflows/pool/host.ts',
    find: 'this.#isLeaving = allHandlersFinished();',
    replacement: 'this.#isLeaving = false;',
    killedBy: TURNS,
  },
  {
    name: 'a pool tries again and again to end a run that it cannot end',
    guarantee: 'O3',
    file: 'workflows/pool/host.ts',
    find: 'this.#endsBelow = this.#moved.bytes - excess;',
    replacement: ';',
    killedBy: TURNS,
  },
  {
    name: 'a process that is busy keeps the keys of a batch',
    guarantee: 'O3',
    file: 'activities/handling/batch.ts',
    find: 'isLate.abort();',
    replacement: '',
    killedBy: BATCH,
  },
  {
    name: 'a report that does not name all keys of a batch is taken as it is',
    guarantee: 'O4',
    file: 'workflows/pool/batch.ts',
    find: 'if (isMalformed(outcomes)) return outcomes;',
    replacement:
      'if (isMalformed(outcomes)) return this.#release(() => true, this.#keys.map(({ events }) => ({ done: events.length })), false);',
    killedBy: TURNS,
  },
  {
    name: 'a key of a pool is in two batches',
    guarantee: 'O1',
    file: 'workflows/pool/healthy-keys.ts',
    find: '      this.#ready.delete(key);\n      taken.push(',
    replacement: '      taken.push(',
    killedBy: POOL_KEYS,
  },
  {
    name: 'a pool forwards more before its lane has what was sent',
    guarantee: 'O1',
    file: 'workflows/pool/moved-keys.ts',
    find: 'if (entry.errand === undefined) this.#ready.add(key);',
    replacement: 'this.#ready.add(key);',
    killedBy: MOVED_KEYS,
  },
  {
    name: 'a stream that was created anew under its name counts as the same',
    guarantee: 'O4',
    file: 'contracts/stream-identity.ts',
    find: 'differ(known.id, found.id) || differ(known.createdAt, found.createdAt)',
    replacement: 'differ(known.id, found.id)',
    killedBy: STREAM,
  },
  {
    name: 'a table without the stream that was enabled an hour ago counts as the same',
    guarantee: 'O4',
    file: 'contracts/stream-identity.ts',
    find: 'return hasOtherOldestShard(known, found) || lacksStream(known, found, now);',
    replacement: 'return hasOtherOldestShard(known, found);',
    killedBy: STREAM,
  },
  {
    name: 'the stream that is found in place of another one becomes the known one',
    guarantee: 'O4',
    file: 'bridge/lineage/stream.ts',
    find: 'if (known !== undefined && isOtherStream(known, found, now)) {',
    replacement: 'if (known !== undefined && state.otherStream === undefined && isOtherStream(known, found, now)) {',
    killedBy: STREAM,
  },
  {
    name: 'a reader begins in a process that has another stream before it',
    guarantee: 'O4',
    file: 'activities/reading/stream-guard.ts',
    find: 'if (now === undefined || !isOtherStream(known, now, Date.now())) return;',
    replacement: 'if (now !== undefined) return;',
    killedBy: STREAM,
  },
  {
    name: "LATEST is the moment of this machine's clock",
    guarantee: 'O4',
    file: 'worker/present-moment.ts',
    find: 'if (now !== undefined) return now;',
    replacement: 'if (now !== undefined) return Date.now();',
    killedBy: ['test/unit/worker/present-moment.test.ts'],
  },
];
