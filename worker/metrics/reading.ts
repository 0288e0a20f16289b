import type { MetricCounter, MetricGauge, MetricMeter } from '@temporalio/common';
import type { ReadingMetrics } from '../../bridge/read/reading-metrics.ts';
import { READING_METRICS as ALL, type Metric } from './catalog.ts';

/** Prometheus's value for "unknown": no alert that compares it fires, and `max` and `min` ignore it. */
const NOT_KNOWN = Number.NaN;

/** The metrics of a pipeline's reading. Every series exists from the start, so that the first gap is an increase. */
export function readingMetrics(meter: MetricMeter, pipeline: string): ReadingMetrics {
  const tagged = meter.withTags({ pipeline });
  const counter = ({ name, help }: Metric): MetricCounter => {
    const created = tagged.createCounter(name, '', help);
    created.add(0);
    return created;
  };
  const gauge = ({ name, help }: Metric): MetricGauge => tagged.createGauge(name, 'float', '', help);

  const [read, accepted, filtered] = [counter(ALL.read), counter(ALL.accepted), counter(ALL.filtered)];
  const [quarantined, misrouted, gaps] = [counter(ALL.quarantined), counter(ALL.misrouted), counter(ALL.gaps)];
  const [lag, untilLoss] = [gauge(ALL.lag), gauge(ALL.untilLoss)];
  const [shards, unreadable] = [gauge(ALL.shards), gauge(ALL.unreadable)];
  const [records, bytes] = [gauge(ALL.recordsInFlight), gauge(ALL.bytesInFlight)];
  const lanesFull = gauge(ALL.lanesFull);
  const [changed, unordered] = [gauge(ALL.streamChanged), gauge(ALL.streamUnordered)];
  const metrics: ReadingMetrics = {
    count(counts) {
      read.add(counts.read);
      accepted.add(counts.accepted);
      filtered.add(counts.filtered);
      quarantined.add(counts.quarantined);
      misrouted.add(counts.misrouted);
    },
    gap: () => gaps.add(1),
    show(figures) {
      lag.set(seconds(figures.lagMs));
      untilLoss.set(seconds(figures.untilLossMs));
      shards.set(figures.shards);
      unreadable.set(figures.unreadable);
      records.set(figures.recordsInFlight);
      bytes.set(figures.bytesInFlight);
      lanesFull.set(figures.lanesFull);
    },
    showStream(figures) {
      changed.set(figures.changed ? 1 : 0);
      unordered.set(figures.unordered ? 1 : 0);
    },
  };
  metrics.show({
    shards: 0,
    unreadable: 0,
    lagMs: undefined,
    untilLossMs: undefined,
    recordsInFlight: 0,
    bytesInFlight: 0,
    lanesFull: 0,
  });
  metrics.showStream({ changed: false, unordered: false });
  return metrics;
}

function seconds(ms: number | undefined): number {
  return ms === undefined ? NOT_KNOWN : ms / 1000;
}
