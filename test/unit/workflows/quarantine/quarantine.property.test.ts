/**
 * A quarantine under random traffic: records with resends, segments, verbs of each kind, work that is stopped half-way, runs
 * that continue as new or are terminated externally. A small host stands in for Temporal and for the lanes; what gets out must be
 * what was put in.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { SegmentName } from '../../../../contracts/lane/backlog.ts';
import { DEFAULT_QUARANTINE_LIMITS } from '../../../../contracts/quarantine/options.ts';
import type { FoundRecord, SegmentHit } from '../../../../contracts/quarantine/search.ts';
import type { QuarantinedRecord } from '../../../../contracts/quarantine/record.ts';
import { formatPosition } from '../../../../contracts/event/position.ts';
import { readQuarantineVerb } from '../../../../workflows/quarantine/verbs/parse.ts';
import * as jobs from '../../../../workflows/quarantine/verbs/jobs.ts';
import * as quarantine from '../../../../workflows/quarantine/state.ts';
import { firstSegments } from '../../../../contracts/lane/segment-ranges.ts';
import { keylessRecords, SHARD } from '../../../support/lane-events.ts';

const LIMITS = { ...DEFAULT_QUARANTINE_LIMITS, segments: { events: 3, bytes: 10_000 }, batch: 2, decisionsKept: 100 };
const positionOf = (n: number) => `${SHARD}:${n}`;
const numberOf = ({ position }: { readonly position: string }) => Number(position.split(':')[1]);

type Step =
  | { do: 'put'; count: number; again: number }
  | { do: 'verb'; verb: 'retry' | 'skip' | 'replace'; on: readonly number[] | 'all' | 'matching' }
  | { do: 'step'; stopped: boolean }
  | { do: 'move' }
  | { do: 'continue as new' }
  | { do: 'end from outside' };

const anyStep: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ do: fc.constant('put' as const), count: fc.nat(4), again: fc.nat(4) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('verb' as const),
      verb: fc.constantFrom('retry' as const, 'skip' as const, 'replace' as const),
      on: fc.oneof(
        fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 3 }),
        fc.constantFrom('all' as const, 'matching' as const),
      ),
    }),
  },
  { weight: 8, arbitrary: fc.record({ do: fc.constant('step' as const), stopped: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('move' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('continue as new' as const, 'end from outside' as const) }) },
);

class Model {
  state = quarantine.emptyQuarantine(0);
  put = 0;
  now = 1;
  /** What is in the segments that are open, and what of it is out. */
  readonly segments = new Map<string, { readonly records: readonly QuarantinedRecord[]; readonly out: Set<number> }>();
  started = 0;
  /** In the order in which the lanes have accepted them, with their numbers. */
  readonly accepted: { readonly n: number; readonly key: string; readonly redriveSequence: number }[] = [];
  readonly skipped: number[] = [];

  apply(step: Step): void {
    this.now += 1;
    switch (step.do) {
      case 'put': {
        const records = keylessRecords(Math.max(1, this.put + 1 - step.again), this.put + step.count);
        this.put += step.count;
        this.state = quarantine.keep(this.state, { leaseUntil: Infinity, records }, LIMITS);
        return;
      }
      case 'verb':
        return this.verb(step.verb, step.on);
      case 'step':
        return this.step(step.stopped);
      case 'move':
        this.move(Infinity);
        return;
      case 'end from outside':
        this.state = jobs.recoveredState(this.state, 'TERMINATED', LIMITS);
        return;
      case 'continue as new':
        this.state = JSON.parse(JSON.stringify(this.state));
    }
  }

  verb(name: 'retry' | 'skip' | 'replace', on: readonly number[] | 'all' | 'matching'): void {
    const named =
      on === 'all' ? { all: true } : on === 'matching' ? { matching: 'undefined' } : { positions: on.map(positionOf) };
    const one =
      name === 'replace' && Array.isArray(on) ? { position: positionOf(on[0] as number), data: 'new' } : named;
    const verb = readQuarantineVerb(name, one);
    const why = jobs.objection(this.state, verb);
    this.state =
      why === undefined
        ? jobs.enqueue(this.state, verb, this.now, String(this.now))
        : jobs.refused(this.state, verb, why, this.now, String(this.now), LIMITS);
  }

  move(max: number): number {
    const records = quarantine.nextSegment(this.state, LIMITS.segments).slice(0, max);
    if (records.length === 0) return 0;
    this.state = quarantine.movedToSegment(this.state, records.length, this.hold(records));
    return records.length;
  }

  hold(records: readonly QuarantinedRecord[]): SegmentName {
    this.started += 1;
    this.segments.set(String(this.started), { records, out: new Set() });
    return { epoch: 'e', number: this.started };
  }

  step(stopped: boolean): void {
    const step = jobs.nextStep(this.state, 2);
    if (step.kind === 'begin') {
      for (let left = this.state.records.length; left > 0;) left -= this.move(left);
      this.state = jobs.begun(this.state);
    } else if (step.kind === 'end') this.state = jobs.ended(this.state, LIMITS);
    else if (step.kind === 'bring') {
      const { entries, first, segment } = step.redrive;
      const { records } = this.segments.get(String(segment.number))!;
      for (const [nth, { index, key }] of entries.entries()) {
        // Stopped half-way: some lanes have accepted, and it is done again.
        if (stopped && nth > 0) return;
        const n = numberOf({ position: formatPosition(records[index]!.position) });
        const redriveSequence = first + nth;
        // A lane's mark.
        if (this.accepted.every((each) => each.key !== key || each.redriveSequence < redriveSequence))
          this.accepted.push({ n, key, redriveSequence });
      }
      if (stopped) return;
      this.tell(
        segment,
        entries.map(({ index }) => index),
        step.redrive.undecided,
      );
      this.state = jobs.lastRedriven(this.state);
    } else if (step.kind === 'find' && !stopped) this.find(step.segments, step.job.from);
  }

  find(names: readonly SegmentName[], begin: number): void {
    const job = this.state.jobs[0]!;
    const { verb } = job.decision;
    for (const [at, name] of names.entries()) {
      const { records, out } = this.segments.get(String(name.number))!;
      const from = at === 0 ? begin : 0;
      const found = records.flatMap((record, index): FoundRecord[] => {
        const position = formatPosition(record.position);
        const isNamed = job.selection.kind !== 'positions' || job.selection.positions.includes(position);
        if (index < from || out.has(index) || !isNamed) return [];
        const n = numberOf({ position });
        const key = verb !== 'skip' && n % 3 > 0 ? { key: `key-${n % 2}` } : {};
        const replacement = job.data === undefined ? {} : { replacement: { ...record, data: job.data } };
        return [{ index, position, ...key, reason: 'none', data: '', ...replacement }];
      });
      if (found.length === 0) continue;
      const some = found.slice(0, LIMITS.batch);
      const next = found.length > some.length ? some.at(-1)!.index + 1 : undefined;
      const hit = { at, undecided: records.length - out.size, records: some };
      this.state = jobs.lookedThrough(
        this.state,
        { through: next === undefined ? at + 1 : at, from: next ?? 0, gone: [], undecided: 0 },
        { gone: [], empty: [] },
      );
      return this.hit(name, hit, verb);
    }
    const finding = { through: names.length, from: 0, gone: [], undecided: 0 };
    this.state = jobs.lookedThrough(this.state, finding, { gone: [], empty: [] });
  }

  hit(segment: SegmentName, { undecided, records }: SegmentHit, verb: string): void {
    if (verb === 'skip') {
      this.tell(
        segment,
        records.map(({ index }) => index),
        undecided,
      );
      this.skipped.push(...records.map(numberOf));
      this.state = jobs.skipped(this.state, segment, { undecided, records });
      return;
    }
    this.state = jobs.stillKeyless(
      this.state,
      records.filter(({ key }) => key === undefined),
    );
    const keyed = records.filter(({ key }) => key !== undefined);
    const [first] = keyed;
    if (first?.replacement !== undefined) {
      const own = this.hold([first.replacement]);
      this.state = quarantine.withOne(this.state, own);
      this.tell(segment, [first.index], undecided);
      this.state = jobs.replaced(this.state, { segment, undecided, record: first }, own, this.now);
    } else if (first !== undefined)
      this.state = jobs.redrive(this.state, segment, { undecided, records: keyed }, this.now);
  }

  tell({ number }: SegmentName, indexes: readonly number[], undecided: number): void {
    const segment = this.segments.get(String(number))!;
    expect(undecided).toBe(segment.records.length - segment.out.size);
    for (const index of indexes) {
      expect(segment.out.has(index)).toBe(false);
      segment.out.add(index);
    }
    if (segment.out.size === segment.records.length) this.segments.delete(String(number));
  }

  /** Wherever they lie. */
  waiting(): number[] {
    const named = firstSegments(this.state.segments, Infinity).map(({ number }) => String(number));
    expect(named.toSorted()).toEqual([...this.segments.keys()].toSorted());
    const held = [...this.segments.values()].flatMap(({ records, out }) =>
      records.filter((_each, index) => !out.has(index)),
    );
    return [...held, ...this.state.records].map(({ position }) => numberOf({ position: formatPosition(position) }));
  }
}

test('O4 O5 O6 O8 O11 every record is in the quarantine, with its lane once, or skipped, and the count is exact', () => {
  fc.assert(
    fc.property(fc.array(anyStep, { maxLength: 80 }), (steps) => {
      const model = new Model();
      for (const step of steps) {
        model.apply(step);
        const waiting = model.waiting();
        expect(quarantine.countOf(model.state)).toBe(waiting.length);
      }
      // What is under way comes to its end.
      for (let n = 0; model.state.jobs.length > 0 && n < 1000; n += 1) model.apply({ do: 'step', stopped: false });
      expect(model.state.jobs).toEqual([]);
      const all = Array.from({ length: model.put }, (_, index) => index + 1);
      const told = model.state.decisions.reduce((sum, { decided }) => sum + decided, 0);
      expect(told).toBe(model.accepted.length + model.skipped.length);
      const out = [...model.accepted.map(({ n }) => n), ...model.skipped];
      expect([...out, ...model.waiting()].toSorted((a, b) => a - b)).toEqual(all);
      for (const key of ['key-0', 'key-1']) {
        const numbers = model.accepted.filter((each) => each.key === key).map(({ redriveSequence }) => redriveSequence);
        expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
      }
    }),
    { numRuns: 500 },
  );
});
