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
/** What the SDK says of an activity, with some 3 KB of error, once for each attempt. */
const ACTIVITY_FAILED = 'Activity failed';
const HANDLING = 'runEvent' satisfies keyof HandlingActivities;
const CAUSE_CHARS = 500;
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
  return new DefaultLogger(levelOf(log), ({ level, message, meta = {} }) => {
    const own = ownFields(meta);
    if (own !== undefined) return log[OWN_LEVELS[level]](own, message);
    if (message === ACTIVITY_FAILED && !log.isLevelEnabled('debug')) return activityFailed(log, meta);
    // The token of a task says nothing to a person, and an error is told as such.
    const { taskToken: _token, error, ...rest } = meta;
    const err = error === undefined ? {} : { err: error as unknown };
    log[PINO_LEVELS[level]]({ ...rest, ...err, part: 'temporal' }, message);
  });
}

/** One line without a stack. An attempt at an event has one already: see activities/execution. */
function activityFailed(log: Logger, { activityType, workflowId, attempt, error }: LogMetadata): void {
  if (activityType === HANDLING) return;
  const failed = failureOf(error, 'The activity');
  const cause = truncate(`${failed.type}: ${failed.message}`, CAUSE_CHARS);
  const text = `${String(activityType)} failed; Temporal tries it again`;
  log.warn({ activity: activityType, workflowId, attempt, cause, part: 'temporal' }, text);
}

/** Ours come at info when a key is released; the SDK has its everyday chatter there. */
function levelOf(log: Logger): LogLevel {
  if (log.isLevelEnabled('info')) return 'INFO';
  return log.isLevelEnabled('warn') ? 'WARN' : 'ERROR';
}
