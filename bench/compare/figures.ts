import type { ServerName } from './backends/servers.ts';
import type { ContenderName } from './contenders/names.ts';
import type { Load } from './load.ts';
import type { Outcome } from './outcome.ts';
import type { SteadyFigures } from './steady.ts';

/** All that one run of the command has measured. */
export interface Figures {
  readonly server: ServerName;
  /** What the server is, where it has to be said. */
  readonly about?: string | undefined;
  readonly throughput: readonly LoadFigures[];
  readonly latency: readonly LatencyFigures[];
  readonly steady?: SteadyFigures;
}

export interface LoadFigures {
  readonly load: Load;
  readonly outcomes: Readonly<Partial<Record<ContenderName, Outcome>>>;
}

export interface LatencyFigures {
  readonly contender: ContenderName;
  readonly perSecond: number;
  readonly outcome: Outcome;
}
