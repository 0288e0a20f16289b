/**
 * How the workflow of a lane, a pool or the quarantine is started by the first request that finds no open run of it.
 */
import type { WorkflowStartOptions } from '@temporalio/client';
import type { LaneInput } from '../../contracts/lane/messages.ts';
import { VERSION } from '../../contracts/version.ts';
import type { LaneOptions } from '../../contracts/lane/options.ts';
import { LANE_DETAILS, staticAttributes, summaryOf } from '../../contracts/lane/start.ts';
import type { LaneMemo } from '../../contracts/lane/view.ts';
import { WORKFLOW_TYPES } from '../../contracts/names.ts';
import type { PoolInput } from '../../contracts/pool/messages.ts';
import type { PoolOptions } from '../../contracts/pool/options.ts';
import type { QuarantineInput } from '../../contracts/quarantine/messages.ts';
import { quarantineLimits } from '../../contracts/quarantine/options.ts';
import type { EndedRun, LatestRun, StartedAfter } from '../../contracts/run.ts';
import { ATTRIBUTES } from '../../contracts/search-attributes.ts';
import type { DeliveryRequest } from '../deliver/gateway.ts';

export interface StartOptions {
  readonly pipeline: string;
  readonly lane: LaneOptions;
  /** Options of its pools. Without them each key has a lane of its own. */
  readonly pool?: PoolOptions | undefined;
}

/** How a workflow is started when a request finds no open run. */
interface Start extends Pick<
  WorkflowStartOptions,
  'typedSearchAttributes' | 'memo' | 'staticSummary' | 'staticDetails'
> {
  readonly type: string;
  readonly args: [LaneInput | PoolInput | QuarantineInput];
}

/** What is known about the previous run when a new one is started. */
export interface PreviousRun {
  readonly predecessor?: EndedRun;
  readonly after?: StartedAfter;
}

export function startOf(options: StartOptions, request: DeliveryRequest, previous: PreviousRun): Start {
  switch (request.to) {
    case 'lane':
      return laneStart(options, request.key, previous);
    case 'pool':
      return poolStart(options, request.pool, previous);
    case 'quarantine':
      return quarantineStart(options, previous);
  }
}

function laneStart(options: StartOptions, key: string, previous: PreviousRun): Start {
  const { pipeline, lane } = options;
  const input: LaneInput = { version: VERSION, pipeline, key, options: lane, ...previous };
  const memo: LaneMemo = { key };
  return {
    type: WORKFLOW_TYPES.lane,
    args: [input],
    typedSearchAttributes: [...staticAttributes(pipeline, key), { key: ATTRIBUTES.status, value: 'healthy' }],
    memo: { ...memo },
    staticSummary: summaryOf(key),
    staticDetails: LANE_DETAILS,
  };
}

function poolStart(options: StartOptions, pool: number, previous: PreviousRun): Start {
  const { pipeline, pool: poolOptions } = options;
  if (poolOptions === undefined) throw new Error(`Pipeline ${pipeline} has no pools`);
  const input: PoolInput = { version: VERSION, pipeline, options: poolOptions, ...previous };
  return {
    type: WORKFLOW_TYPES.pool,
    args: [input],
    typedSearchAttributes: [
      { key: ATTRIBUTES.pipeline, value: pipeline },
      { key: ATTRIBUTES.status, value: 'healthy' },
    ],
    staticSummary: `Healthy keys of ${pipeline}, part ${pool}`,
  };
}

function quarantineStart(options: StartOptions, previous: PreviousRun): Start {
  const { pipeline, lane } = options;
  const { signalsPerRun } = lane;
  const input: QuarantineInput = {
    version: VERSION,
    pipeline,
    signalsPerRun,
    limits: quarantineLimits(lane),
    ...previous,
  };
  return {
    type: WORKFLOW_TYPES.quarantine,
    args: [input],
    typedSearchAttributes: [{ key: ATTRIBUTES.pipeline, value: pipeline }],
    staticSummary: `Records of ${pipeline} without a usable key`,
  };
}

/** @param seenAt when the latest run was requested, ms since 1970 */
export function previousRunOf(latest: LatestRun, seenAt: number): PreviousRun {
  if (latest.state === 'ended') return { predecessor: latest.run, after: { runId: latest.run.runId, seenAt } };
  return latest.state === 'completed' ? { after: { runId: latest.runId, seenAt } } : {};
}
