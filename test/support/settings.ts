/** Settings as the processes of tests have them. Without vitest, for those that run on their own. */
import type { PipelineConfig } from '../../contracts/public/pipeline-config.ts';
import type { LaneOptions } from '../../contracts/lane/options.ts';
import type { PipelineOptions } from '../../contracts/pipeline/options.ts';
import type { PoolOptions } from '../../contracts/pool/options.ts';
import type { HostingSettings, ReadingSettings, Settings, TemporalSettings } from '../../settings/settings.ts';
import { toPipelines } from '../../settings/to-pipelines.ts';

/** Limits that are no settings, or smaller than settings may be. Whoever changes them keeps their proportions. */
export interface Limits {
  readonly options?: Partial<PipelineOptions>;
  readonly lane?: Partial<LaneOptions>;
  /** Of pipelines with pools. */
  readonly pool?: Partial<PoolOptions>;
  readonly reading?: Partial<ReadingSettings>;
  readonly requestTimeoutMs?: number;
  readonly metricsAddress?: string;
}

export function settingsWith(
  pipelines: Readonly<Record<string, PipelineConfig>>,
  temporal: TemporalSettings,
  { options, lane, pool, reading, requestTimeoutMs, metricsAddress }: Limits,
): Settings {
  const file = '/settings/keylane.config.ts';
  const checked = [...toPipelines({ pipelines }, file)].map(([name, pipeline]) => {
    const deadline = requestTimeoutMs === undefined ? {} : { requestTimeoutMs };
    const limited = {
      ...pipeline,
      reading: { ...pipeline.reading, ...reading, ...deadline },
      lane: { ...pipeline.lane, ...lane },
      hosting: hostingWith(pipeline.hosting, lane, pool),
      pipeline: { ...pipeline.pipeline, ...options },
    };
    return [name, limited] as const;
  });
  return { file, temporal, metrics: { address: metricsAddress }, log: { keys: true }, pipelines: new Map(checked) };
}

function hostingWith(
  hosting: HostingSettings,
  lane: Partial<LaneOptions> | undefined,
  pool: Partial<PoolOptions> | undefined,
): HostingSettings {
  if (hosting.kind === 'own') return hosting;
  return { ...hosting, pool: { ...hosting.pool, ...pool, lane: { ...hosting.pool.lane, ...lane } } };
}
