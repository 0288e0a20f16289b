import type { SegmentName } from './lane/backlog.ts';

/**
 * The names by which processes and workflows find one another on a Temporal server. They are part of recorded histories
 * and of what operators type, so they never change.
 *
 * Workflow ids: a pipeline's name cannot contain a colon or a slash, so these never collide:
 * `orders` is the pipeline, `orders:order-42` the lane of a key, `orders/quarantine` and the like everything else.
 */
export const WORKFLOW_TYPES = {
  lane: 'lane',
  pipeline: 'pipeline',
  pool: 'pool',
  quarantine: 'quarantine',
  segment: 'segment',
} as const;

export const PIPELINE_NAME = /^[A-Za-z][A-Za-z0-9_-]{0,63}$/;

export function pipelineWorkflowId(pipeline: string): string {
  return pipeline;
}

export function quarantineWorkflowId(pipeline: string): string {
  return `${pipeline}/quarantine`;
}

/** @param pool from 0 */
export function poolWorkflowId(pipeline: string, pool: number): string {
  return `${pipeline}/pool/${pool}`;
}

/** Lanes, the quarantine and handlers use the task queue of the settings; reading uses its own. */
export function readingTaskQueue(taskQueue: string): string {
  return `${taskQueue}-bridge`;
}

/** Epochs are chosen at random, so the id need not contain the key, which may be too long. */
export function segmentWorkflowId(pipeline: string, { epoch, number }: SegmentName): string {
  return `${pipeline}/segment/${epoch}-${number}`;
}

export const SIGNALS = {
  records: 'records',
  close: 'close',
  decided: 'decided',
  progress: 'progress',
  finished: 'finished',
  look: 'look',
} as const;
export const QUERIES = {
  lane: 'lane',
  backlog: 'backlog',
  runSnapshot: 'runSnapshot',
  snapshotPage: 'snapshotPage',
  pipeline: 'pipeline',
  quarantine: 'quarantine',
  quarantined: 'quarantined',
  pool: 'pool',
  key: 'key',
} as const;
/** Each verb is an update and a plain signal of the same name. */
export const VERBS = ['retry', 'skip', 'replace', 'pause', 'resume'] as const;
export type VerbName = (typeof VERBS)[number];

export const SEARCH_ATTRIBUTES = {
  pipeline: 'KeylanePipeline',
  key: 'KeylaneKey',
  status: 'KeylaneStatus',
  blockedSince: 'KeylaneBlockedSince',
  error: 'KeylaneError',
  backlog: 'KeylaneBacklog',
} as const;
