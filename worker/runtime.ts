import { IllegalStateError, type MetricMeter } from '@temporalio/common';
import { DefaultLogger, Runtime, type LogLevel, type LogMetadata, type RuntimeOptions } from '@temporalio/worker';
import type { Logger } from 'pino';
import type { HandlingActivities } from '../contracts/execution/activities.ts';
import { ownFields } from '../contracts/own-line.ts';
import { truncate } from '../lib/pure/text.ts';
import { failureOf } from '../contracts/event/thrown.ts';
import { BUCKETS } from './metrics/catalog.ts';
import { MetricsEndpointError } from '../settings/metrics-errors.ts';

const PINO_LEVELS = { TRACE: 'trace', DEBUG: 'debug', INFO: 'debug', WARN: 'warn', ERROR: 'error' } as const;
const OWN_LEVELS = { TRACE: 'trace', DEBUG: 'debug', INFO: 'info', WARN: 'warn', ERROR: 'error' } as const;
/** The SDK's message about a failed attempt of an activity, with some 3 KB of error. */
const ACTIVITY_FAILED = 'Activity failed';
const HANDLING = 'runEvent' satisfies keyof HandlingActivities;
const CAUSE_CHARS = 500;
const EXPORTER_FAILED = /prometheus metrics exporter: (?<reason>.*)/;

interface Installed {
  readonly metricsAt: string | undefined;
}

let installed: Installed | undefined;

/**
 * Installs Temporal's runtime for this process: its logs go to the same log (its routine messages at debug level), and
 * it does not handle signals of the operating system, since this process stops its parts in order. An existing runtime,
 * as in processes that run Keylane more than once, is kept; the SDK ends it with the last connection of workers.
 *
 * @param metricsAt socket address at which Prometheus finds the metrics of the SDK and of Keylane, under /metrics
 * @throws {MetricsEndpointError}
 */
export function installRuntime(log: Logger, metricsAt?: string): void {
  const telemetryOptions = metricsAt === undefined ? {} : metricsOptions(metricsAt);
  try {
    Runtime.install({ logger: loggerOf(log), shutdownSignals: [], telemetryOptions });
    installed = { metricsAt };
  } catch (error) {
    // The existing runtime cannot serve metrics at another address.
    if (error instanceof IllegalStateError && installed !== undefined) {
      if (metricsAt === undefined || metricsAt === installed.metricsAt) return;
      throw new MetricsEndpointError(metricsAt, alreadyServed(installed));
    }
    const reason = error instanceof Error ? EXPORTER_FAILED.exec(error.message)?.groups?.['reason'] : undefined;
    if (metricsAt === undefined || reason === undefined) throw error;
    throw new MetricsEndpointError(metricsAt, `${reason}.`, { cause: error });
  }
}

/** The current runtime's meter. Call this when workers have their connection, which keeps the runtime alive. */
export function metricMeter(): MetricMeter {
  return Runtime.instance().metricMeter;
}

/** The SDK's metrics keep the names and units of existing dashboards for TypeScript workers. */
function metricsOptions(bindAddress: string): NonNullable<RuntimeOptions['telemetryOptions']> {
  return { metrics: { attachServiceName: false, prometheus: { bindAddress, histogramBucketOverrides: BUCKETS } } };
}

function alreadyServed({ metricsAt }: Installed): string {
  return `The runtime of this process was already installed with metrics ${metricsAt === undefined ? 'disabled' : `at ${metricsAt}`}.`;
}

function loggerOf(log: Logger): DefaultLogger {
  return new DefaultLogger(levelOf(log), ({ level, message, meta = {} }) => {
    const own = ownFields(meta);
    if (own !== undefined) return log[OWN_LEVELS[level]](own, message);
    if (message === ACTIVITY_FAILED && !log.isLevelEnabled('debug')) return activityFailed(log, meta);
    // A task token does not help a reader, and an error is logged as `err`.
    const { taskToken: _token, error, ...rest } = meta;
    const err = error === undefined ? {} : { err: error as unknown };
    log[PINO_LEVELS[level]]({ ...rest, ...err, part: 'temporal' }, message);
  });
}

/** Logs one line without a stack. An attempt at an event has one already: see activities/execution. */
function activityFailed(log: Logger, { activityType, workflowId, attempt, error }: LogMetadata): void {
  if (activityType === HANDLING) return;
  const failed = failureOf(error, 'The activity');
  const cause = truncate(`${failed.type}: ${failed.message}`, CAUSE_CHARS);
  const text = `${String(activityType)} failed; Temporal retries it`;
  log.warn({ activity: activityType, workflowId, attempt, cause, part: 'temporal' }, text);
}

/** Keylane logs at info when a key is released; the SDK's routine messages have that level too. */
function levelOf(log: Logger): LogLevel {
  if (log.isLevelEnabled('info')) return 'INFO';
  return log.isLevelEnabled('warn') ? 'WARN' : 'ERROR';
}
