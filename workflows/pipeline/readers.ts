import type { ReaderInput, ReaderReport } from '../../contracts/pipeline/reading.ts';
import { startReader, type RunningReader } from './reader.ts';

/** Owns the readers of a pipeline that are running, by their numbers. */
export class Readers {
  readonly #running = new Map<number, RunningReader>();
  readonly #onReport: () => void;
  #started = 0;

  /** @param onReport is called when one has stopped */
  constructor(onReport: () => void) {
    this.#onReport = onReport;
  }

  /** The shards of each. */
  get shards(): ReadonlyMap<number, readonly string[]> {
    return new Map([...this.#running].map(([number, { shards }]) => [number, shards]));
  }

  get hasReports(): boolean {
    return [...this.#running.values()].some(({ report }) => report !== undefined);
  }

  get allStopped(): boolean {
    return [...this.#running.values()].every(({ report }) => report !== undefined);
  }

  /** Some have not been asked to stop. */
  get mayRecall(): boolean {
    return [...this.#running.values()].some(({ recalled }) => !recalled);
  }

  /** Whether this one runs, and has not been asked to stop. */
  isReading(number: number | undefined): number is number {
    return number !== undefined && this.#running.get(number)?.recalled === false;
  }

  start(input: ReaderInput): void {
    this.#started += 1;
    this.#running.set(this.#started, startReader(input, this.#onReport));
  }

  recall(number: number): void {
    this.#running.get(number)?.recall();
  }

  recallAll(): void {
    for (const reader of this.#running.values()) reader.recall();
  }

  /** The reports of those that have stopped since this was last asked. */
  reports(): readonly ReaderReport[] {
    const reports: ReaderReport[] = [];
    for (const [number, { report }] of this.#running) {
      if (report === undefined) continue;
      this.#running.delete(number);
      reports.push(report);
    }
    return reports;
  }
}
