import type { MetricCounter, MetricMeter } from '@temporalio/common';
import type { HandlingMetrics } from '../../activities/execution/metrics.ts';
import { HANDLING_METRICS as ALL, type Metric } from './catalog.ts';

/** The metrics of a pipeline's handler. Every counter exists from the start, so that its first event is an increase. */
export function handlingMetrics(meter: MetricMeter, pipeline: string): HandlingMetrics {
  const tagged = meter.withTags({ pipeline });
  const counter = ({ name, help }: Metric): MetricCounter => {
    const created = tagged.createCounter(name, '', help);
    created.add(0);
    return created;
  };
  const [handled, failed, blocked] = [counter(ALL.handled), counter(ALL.attemptsFailed), counter(ALL.blocked)];
  const rejections = counter(ALL.rejections);
  const duration = tagged.createHistogram(ALL.duration.name, 'float', '', ALL.duration.help);
  return {
    called: (ms) => duration.record(ms / 1000),
    handled: () => handled.add(1),
    attemptFailed: () => failed.add(1),
    blocked: () => blocked.add(1),
    rejectionUnhandled: () => rejections.add(1),
  };
}
