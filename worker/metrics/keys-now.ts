/**
 * Gauges of the keys that wait for an operator now, from Temporal's visibility and the quarantine. Unlike a counter, a
 * gauge stays up for as long as they wait, so an alert on it does not resolve by itself.
 *
 * Owns one timer. Values are NaN while Temporal does not answer.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import { WorkflowNotFoundError, type MetricGauge, type MetricMeter } from '@temporalio/common';
import type { Logger } from 'pino';
import { QUERIES, quarantineWorkflowId, SEARCH_ATTRIBUTES, WORKFLOW_TYPES } from '../../contracts/names.ts';
import { parseQuarantined } from '../../contracts/quarantine/parse.ts';
import type { PipelineSettings } from '../../settings/settings.ts';
import { KEY_METRICS, type Metric } from './catalog.ts';

export interface KeysNowOptions {
  readonly pipelines: Iterable<PipelineSettings>;
  readonly client: Client;
  readonly meter: MetricMeter;
  readonly log: Logger;
  /** @default 30000 */
  readonly everyMs?: number | undefined;
}

const EVERY_MS = 30_000;
const REQUEST_TIMEOUT_MS = 5000;
const NOT_KNOWN = Number.NaN;
const STATUSES = ['blocked', 'retrying', 'paused'] as const;

/** @returns a function that stops the updates */
export function watchKeys({ pipelines, client, meter, log, everyMs = EVERY_MS }: KeysNowOptions): () => void {
  const stop = new AbortController();
  for (const pipeline of pipelines) {
    const gauges = gaugesOf(meter, pipeline);
    void (async () => {
      while (!stop.signal.aborted) {
        await update(client, pipeline.name, gauges, log);
        await delay(everyMs, undefined, { signal: stop.signal, ref: false }).catch(() => undefined);
      }
    })();
  }
  return () => stop.abort();
}

type Gauges = Readonly<Record<(typeof STATUSES)[number] | 'quarantined', MetricGauge>>;

function gaugesOf(meter: MetricMeter, { name, hosting }: PipelineSettings): Gauges {
  const tagged = meter.withTags({ pipeline: name, hosting: hosting.kind });
  const gauge = (metric: Metric): MetricGauge => {
    const created = tagged.createGauge(metric.name, 'float', '', metric.help);
    created.set(NOT_KNOWN);
    return created;
  };
  return {
    blocked: gauge(KEY_METRICS.blocked),
    retrying: gauge(KEY_METRICS.retrying),
    paused: gauge(KEY_METRICS.paused),
    quarantined: gauge(KEY_METRICS.quarantined),
  };
}

async function update(client: Client, pipeline: string, gauges: Gauges, log: Logger): Promise<void> {
  const show = async (gauge: MetricGauge, ask: () => Promise<number>) => {
    try {
      gauge.set(await client.withDeadline(Date.now() + REQUEST_TIMEOUT_MS, ask));
    } catch (error) {
      log.debug({ err: error, pipeline }, 'Could not count the keys that wait for an operator');
      gauge.set(NOT_KNOWN);
    }
  };
  for (const status of STATUSES) await show(gauges[status], () => countOf(client, pipeline, status));
  await show(gauges.quarantined, () => quarantined(client, pipeline));
}

async function countOf(client: Client, pipeline: string, status: string): Promise<number> {
  const open = `WorkflowType = '${WORKFLOW_TYPES.lane}' AND ExecutionStatus = 'Running'`;
  const query = `${open} AND ${SEARCH_ATTRIBUTES.pipeline} = '${pipeline}' AND ${SEARCH_ATTRIBUTES.status} = '${status}'`;
  return (await client.workflow.count(query)).count;
}

async function quarantined(client: Client, pipeline: string): Promise<number> {
  const handle = client.workflow.getHandle(quarantineWorkflowId(pipeline));
  try {
    return parseQuarantined(await handle.query(QUERIES.quarantined));
  } catch (error) {
    // The quarantine starts with its first record.
    if (error instanceof WorkflowNotFoundError) return 0;
    throw error;
  }
}
