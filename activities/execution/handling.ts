import { Context } from '@temporalio/activity';
import type { Client } from '@temporalio/client';
import type { Logger } from 'pino';
import type { Handler } from '../../contracts/public/handler.ts';
import type { FreezeWatch } from '../../lib/node/freeze-watch.ts';
import type { HandlingSettings } from '../../settings/settings.ts';
import type { Claims } from '../../stores/claims.ts';
import type { HandlingMetrics } from './metrics.ts';

/** A pipeline as a process that calls its handler has it. */
export interface HandlingPipeline {
  readonly handler: Handler;
  readonly settings: HandlingSettings;
  /** Without them an event whose data is in a store cannot be run. */
  readonly claims?: Claims | undefined;
  /** Without it nothing is counted. */
  readonly metrics?: HandlingMetrics;
}

export interface HandlingDependencies {
  /** @throws if this process has no such pipeline */
  readonly pipeline: (name: string) => HandlingPipeline;
  readonly client: Client;
  readonly freezeWatch: FreezeWatch;
  /** Aborts when the worker begins to stop: running handlers finish, no other is started. */
  readonly stopping: AbortSignal;
  readonly log: Logger;
}

/** Of the activity that runs; infinite when it has none. */
export function heartbeatTimeoutMs(): number {
  return Context.current().info.heartbeatTimeoutMs ?? Number.POSITIVE_INFINITY;
}
