import { IllegalStateError, type MetricMeter } from '@temporalio/common';
import { DefaultLogger, Runtime, type LogLevel, type RuntimeOptions } from '@temporalio/worker';
import type { Logger } from 'pino';
import { BUCKETS } from './metrics/catalog.ts';
import { MetricsEndpointError } from './metrics/errors.ts';

const PINO_LEVELS = { TRACE: 'trace', DEBUG: 'debug', INFO: 'debug', WARN: 'warn', ERROR: 'error' } as const;
const EXPORTER_FAILED = /prometheus metrics exporter: (?<reason>.*)/;

interface Installed {
  readonly metricsAt: string | undefined;
}

let installed: Installed | undefined;

/**
 * Sets up Temporal's runtime for this process: its logs go where ours go (its everyday chatter as debug), and it leaves
 * the signals of the operating system to us, who stop things in the right order. One that is there already, as in
 * processes that run Keylane more than once, stays; the SDK ends it with the last connection of workers.
 *
 * @param metricsAt socket address at which Prometheus finds the SDK's metrics and ours, under /metrics
 * @throws {MetricsEndpointError}
 */
export function installRuntime(log: Logger, metricsAt?: string): void {
  const telemetryOptions = metricsAt === undefined ? {} : metricsOptions(metricsAt);
  try {
    Runtime.install({ logger: loggerOf(log), shutdownSignals: [], telemetryOptions });
    installed = { metricsAt };
  } catch (error) {
    // The one that is there serves no metrics elsewhere.
    if (error instanceof IllegalStateError && installed !== undefined) {
      if (metricsAt === undefined || metricsAt === installed.metricsAt) return;
      throw new MetricsEndpointError(metricsAt, alreadyServed(installed));
    }
    const reason = error instanceof Error ? EXPORTER_FAILED.exec(error.message)?.groups?.['reason'] : undefined;
    if (metricsAt === undefined || reason === undefined) throw error;
    throw new MetricsEndpointError(metricsAt, `${reason}.`, { cause: error });
  }
}

/** Of the runtime as it is now: to be asked for when workers have their connection, with which it stays. */
export function metricMeter(): MetricMeter {
  return Runtime.instance().metricMeter;
}

/** The SDK's metrics keep the names and units that boards for its TypeScript workers are made for. */
function metricsOptions(bindAddress: string): NonNullable<RuntimeOptions['telemetryOptions']> {
  return { metrics: { attachServiceName: false, prometheus: { bindAddress, histogramBucketOverrides: BUCKETS } } };
}

function alreadyServed({ metricsAt }: Installed): string {
  return `This process serves them ${metricsAt === undefined ? 'nowhere' : `at ${metricsAt}`} already.`;
}

function loggerOf(log: Logger): DefaultLogger {
  return new DefaultLogger(levelOf(log), (entry) => {
    // The token of a task says nothing to a person, and an error is told as such.
    const { taskToken: _token, error, ...meta } = entry.meta ?? {};
    const err = error === undefined ? {} : { err: error as unknown };
    log[PINO_LEVELS[entry.level]]({ ...meta, ...err, part: 'temporal' }, entry.message);
  });
}

function levelOf(log: Logger): LogLevel {
  if (log.isLevelEnabled('debug')) return 'INFO';
  return log.isLevelEnabled('warn') ? 'WARN' : 'ERROR';
}
