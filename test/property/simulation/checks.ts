import { formatPosition, type Position } from '../../../contracts/event/position.ts';
import type { Shard, ShardGraph, Written } from './shard-graph.ts';

/** What must hold, looked at whenever a lane accepts a record. */
export class Checks {
  /** The first thing that was wrong. */
  failure: string | undefined;
  /** Records that a lane has accepted. */
  accepted = 0;
  /** Records that were gone from the source before they were read. */
  lost = 0;
  readonly #graph: ShardGraph;
  readonly #since: number;
  readonly #accepted = new Set<Written>();
  /** Gone from the source when a later one of the same key was accepted. */
  readonly #givenUp = new Set<Written>();
  /** Of those, what a reader that was frozen had read before, and brought after that. See O1 in ARCHITECTURE.md. */
  readonly late = new Set<Written>();
  /** By key, how many of its records have been accepted or are gone. */
  readonly #reached = new Map<string, number>();
  /** Shards of which nothing can come any more. */
  readonly #done = new Set<Shard>();

  /** @param since what arrived before need not be read */
  constructor(graph: ShardGraph, since: number) {
    this.#graph = graph;
    this.#since = since;
  }

  fail(why: string): void {
    this.failure ??= why;
  }

  accept(key: string, position: Position): void {
    const record = this.#find(key, position);
    const name = `${key}'s ${formatPosition(position)}`;
    if (record === undefined) return this.fail(`${name} was never written`);
    if (this.#accepted.has(record)) return this.fail(`O6: ${name} was accepted twice`);
    if (this.#givenUp.has(record)) {
      this.#accepted.add(record);
      this.late.add(record);
      return;
    }
    const reached = this.#reached.get(key) ?? 0;
    if (record.index < reached) return this.fail(`O1: ${name} was accepted after a later one`);
    const passed = this.graph(key).slice(reached, record.index);
    const hole = passed.find((each) => !this.#mayBeMissing(each));
    if (hole !== undefined) return this.fail(`O1: ${name} was accepted before ${formatPosition(hole.position)}`);
    this.lost += passed.length;
    for (const each of passed) if (this.#graph.isGone(each)) this.#givenUp.add(each);
    this.#accepted.add(record);
    this.accepted += 1;
    this.#reached.set(key, record.index + 1);
    const early = this.#unreadAbove(record.shard);
    if (early !== undefined) this.fail(`O2: ${name} was accepted before ${formatPosition(early.position)} of a parent`);
  }

  /** The first record that the source still has and no lane has. */
  get unread(): Written | undefined {
    for (const [key, records] of this.#graph.written) {
      const reached = this.#reached.get(key) ?? 0;
      const unread = records.slice(reached).find((record) => !this.#mayBeMissing(record));
      if (unread !== undefined) return unread;
    }
    return undefined;
  }

  isAccepted(record: Written): boolean {
    return this.#accepted.has(record);
  }

  graph(key: string): readonly Written[] {
    return this.#graph.written.get(key) ?? [];
  }

  #find(key: string, { shardId, sequenceNumber }: Position): Written | undefined {
    return this.graph(key).find(
      ({ position }) => position.shardId === shardId && position.sequenceNumber === sequenceNumber,
    );
  }

  #mayBeMissing(record: Written): boolean {
    return record.arrivedAt < this.#since || this.#graph.isGone(record);
  }

  #unreadAbove({ parents }: Shard): Written | undefined {
    for (const parent of parents) {
      const unread = this.#unreadIn(parent) ?? this.#unreadAbove(parent);
      if (unread !== undefined) return unread;
    }
    return undefined;
  }

  #unreadIn(shard: Shard): Written | undefined {
    if (this.#done.has(shard)) return undefined;
    const unread = shard.records.find((record) => !this.#accepted.has(record) && !this.#mayBeMissing(record));
    if (unread === undefined) this.#done.add(shard);
    return unread;
  }
}
