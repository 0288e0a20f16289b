import type { MetricCounter } from '@temporalio/common';
import { metricMeter } from '@temporalio/workflow';
import { POOL_METRICS } from '../../contracts/pool-metrics.ts';

/** Counts what a pool does, once: not when it is replayed. */
export class PoolMeter {
  readonly #outages: MetricCounter;
  readonly #movedOut: MetricCounter;

  constructor(pipeline: string) {
    const meter = metricMeter.withTags({ pipeline });
    const { outages, movedOut } = POOL_METRICS;
    this.#outages = meter.createCounter(outages.name, '', outages.help);
    this.#movedOut = meter.createCounter(movedOut.name, '', movedOut.help);
  }

  /** Most keys of a batch have failed. */
  outage(): void {
    this.#outages.add(1);
  }

  movedOut(): void {
    this.#movedOut.add(1);
  }
}
