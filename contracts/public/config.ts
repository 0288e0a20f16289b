import type { PipelineConfig } from './pipeline-config.ts';
import type { LargeEventsConfig } from './store-config.ts';

/** What `keylane.config.ts` exports by default. Every field with a default may be left out. */
export interface KeylaneConfig {
  readonly temporal?: TemporalConfig;
  readonly metrics?: MetricsConfig;
  readonly log?: LogConfig;
  /** For every pipeline that does not say otherwise. */
  readonly largeEvents?: LargeEventsConfig;
  /** By name. A name starts with a letter and consists of at most 64 letters, digits, `-` and `_`. */
  readonly pipelines: Readonly<Record<string, PipelineConfig>>;
}

export interface TemporalConfig {
  /** `host:port`. @default TEMPORAL_ADDRESS or Temporal's config file; else `keylane dev` starts a server of its own */
  readonly address?: string;
  /** @default TEMPORAL_NAMESPACE or Temporal's config file, else `default` */
  readonly namespace?: string;
  /** Task queue of lanes and handlers; reading uses it with `-bridge` behind it. @default 'keylane' */
  readonly taskQueue?: string;
  /**
   * Gives the processes a version, so that a release takes the work over when a person says so, for all keys or for a
   * part of them. docs/versions.md explains it.
   * @default TEMPORAL_DEPLOYMENT_NAME with TEMPORAL_WORKER_BUILD_ID; without these, processes have no version
   */
  readonly deployment?: DeploymentConfig;
}

export interface DeploymentConfig {
  /** Of all processes of these settings, the same in every release. */
  readonly name: string;
  /**
   * Of one release: another one whenever Keylane, the settings or a handler change, such as the commit or the image's tag.
   * @default TEMPORAL_WORKER_BUILD_ID; a process that runs lanes or reads does not start without one
   */
  readonly buildId?: string;
}

export interface MetricsConfig {
  /**
   * `host:port` at which processes serve metrics for Prometheus, under `/metrics`; `0.0.0.0:9464` for all addresses of
   * the machine. Anybody who reaches it can read them. Each process on a machine needs an address of its own:
   * `--metrics-address`. docs/metrics.md explains them.
   * @default none: no metrics are served
   */
  readonly address?: string;
}

/** What processes write into their log. */
export interface LogConfig {
  /**
   * Whether lines of the log name keys, positions and what handlers' errors say. `false` where keys are personal data;
   * `keylane blocked` names them then.
   * @default true
   */
  readonly keys?: boolean;
}

/** Gives the settings their type; returns them as they are. */
export function defineConfig(config: KeylaneConfig): KeylaneConfig {
  return config;
}
