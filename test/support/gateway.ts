import { systemClock } from '../../lib/node/clock.ts';
import { HistoryBudget } from '../../bridge/temporal/history-budget.ts';
import { OutageLog } from '../../bridge/deliver/outage-log.ts';
import { RecentMap } from '../../lib/pure/recent-map.ts';
import { TemporalGateway } from '../../bridge/temporal/temporal-gateway.ts';
import { ThrottleLog } from '../../bridge/deliver/throttle-log.ts';
import type { LaneOptions } from '../../contracts/lane/options.ts';
import type { PoolOptions } from '../../contracts/pool/options.ts';
import { DEFAULT_HISTORY_LIMITS } from '../../contracts/pipeline/history-limits.ts';
import type { LaneHarness } from './lane-harness.ts';
import { log } from './log.ts';

export interface GatewayOptions {
  readonly lane: LaneOptions;
  /** Without them each key has a lane of its own. */
  readonly pool?: PoolOptions | undefined;
  readonly requestTimeoutMs: number;
  /** @default the harness's */
  readonly pipeline?: string;
}

/** The way to the lanes of a harness that a bridge would have. */
export function gatewayTo(harness: LaneHarness, options: GatewayOptions): TemporalGateway {
  const { client, taskQueue } = harness;
  return new TemporalGateway({
    client,
    pipeline: harness.pipeline,
    taskQueue,
    ...options,
    outage: new OutageLog(log, 'Temporal'),
    throttling: new ThrottleLog(log),
    historyBudget: new HistoryBudget({ limits: DEFAULT_HISTORY_LIMITS, log, clock: systemClock }),
    runs: new RecentMap(),
    log,
    clock: systemClock,
  });
}
