import type {
  ReadingFigures,
  ReadingMetrics,
  RecordCounts,
  StreamFigures,
} from '../../../../bridge/read/reading-metrics.ts';

/** Adds up what is counted, and keeps what is shown. */
export class RecordedMetrics implements ReadingMetrics {
  counts: RecordCounts = { read: 0, accepted: 0, filtered: 0, quarantined: 0, misrouted: 0 };
  gaps = 0;
  stream: StreamFigures | undefined;
  readonly shown: ReadingFigures[] = [];

  get now(): ReadingFigures | undefined {
    return this.shown.at(-1);
  }

  count(more: RecordCounts): void {
    const sum = Object.entries(this.counts).map(([name, count]) => [name, count + more[name as keyof RecordCounts]]);
    this.counts = Object.fromEntries(sum) as RecordCounts;
  }

  gap(): void {
    this.gaps += 1;
  }

  showStream(figures: StreamFigures): void {
    this.stream = figures;
  }

  show(figures: ReadingFigures): void {
    this.shown.push(figures);
  }
}
