import type { MetricCounter } from '@temporalio/common';
import { metricMeter } from '@temporalio/workflow';
import { POOL_METRICS } from '../../../contracts/pool/metrics.ts';

/** The counters of a pool. They do not count while a history is replayed. */
export class PoolMeter {
  readonly #outages: MetricCounter;
  readonly #released: MetricCounter;
  readonly #movedOut: MetricCounter;

  constructor(pipeline: string) {
    const meter = metricMeter.withTags({ pipeline });
    const { outages, movedOut, released } = POOL_METRICS;
    this.#outages = meter.createCounter(outages.name, '', outages.help);
    this.#released = meter.createCounter(released.name, '', released.help);
    this.#movedOut = meter.createCounter(movedOut.name, '', movedOut.help);
  }

  /** Keys of a batch have failed during an outage. */
  outage(): void {
    this.#outages.add(1);
  }

  /** Failing keys are no longer held back. */
  released(): void {
    this.#released.add(1);
  }

  movedOut(): void {
    this.#movedOut.add(1);
  }
}
