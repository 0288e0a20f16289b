/** Keylane in the test's own process: bridge and worker on the shared dev server, with pipelines that the test gives. */
import { randomUUID } from 'node:crypto';
import { Client, Connection } from '@temporalio/client';
import type { PipelineConfig } from '../../contracts/public/pipeline-config.ts';
import type { LaneView } from '../../contracts/lane/view.ts';
import type { Settings } from '../../settings/settings.ts';
import { decide } from '../../operations/decisions/decide.ts';
import { laneView } from '../../operations/lanes/lane-view.ts';
import { pipelineStatus, type PipelineStatus } from '../../operations/pipelines/pipeline-status.ts';
import type { VerbArgs } from '../../contracts/lane/decision.ts';
import type { VerbName } from '../../contracts/names.ts';
import { runProcess, type ProcessOptions, type Role } from '../../worker/process.ts';
import { retryInterceptor } from '../../temporal/retries.ts';
import { devServer } from './dev-server.ts';
import { log } from './log.ts';
import { settingsWith, type Limits } from './settings.ts';

export interface KeylaneOptions extends Limits {
  readonly pipelines: Readonly<Record<string, PipelineConfig>>;
  /** A second Keylane on the task queue of a first. */
  readonly taskQueue?: string;
  /** Of another Temporal server than the one of the test run. */
  readonly address?: string;
}

/** A pipeline's name that no other test has. */
export function uniqueName(prefix = 'p'): string {
  return `${prefix}${randomUUID().slice(0, 8)}`;
}

export class Keylane {
  readonly settings: Settings;
  readonly client: Client;
  #running: { readonly stop: AbortController; readonly ended: Promise<void> }[] = [];

  private constructor(settings: Settings, client: Client) {
    this.settings = settings;
    this.client = client;
  }

  static async create(options: KeylaneOptions): Promise<Keylane> {
    const { namespace } = devServer();
    const { pipelines, taskQueue = uniqueName('queue-'), address = devServer().address } = options;
    const settings = settingsWith(pipelines, { address, namespace, taskQueue }, options);
    const client = new Client({
      connection: await Connection.connect({ address, interceptors: [retryInterceptor] }),
      namespace,
    });
    return new Keylane(settings, client);
  }

  /** Starts a process with these roles; resolves when it runs. */
  async start(roles: readonly Role[] = ['bridge', 'worker'], more: Partial<ProcessOptions> = {}): Promise<void> {
    const stop = new AbortController();
    let isReady = () => {};
    const ready = new Promise<void>((resolve) => (isReady = resolve));
    const options = { settings: this.settings, roles, log, signal: stop.signal, graceMs: 2000, ...more };
    const ended = runProcess({ ...options, onReady: () => isReady() });
    // Whichever comes first: one that fails at its start never becomes ready.
    await Promise.race([ready, ended]);
    this.#running.push({ stop, ended });
  }

  /** Stops the latest process, in order. */
  async stop(): Promise<void> {
    const running = this.#running.pop();
    running?.stop.abort();
    await running?.ended;
  }

  async close(): Promise<void> {
    while (this.#running.length > 0) await this.stop();
    for (const name of this.settings.pipelines.keys()) {
      const query = `(KeylanePipeline = "${name}" OR WorkflowId = "${name}" OR WorkflowId = "${name}/quarantine") AND ExecutionStatus = "Running"`;
      for await (const { workflowId } of this.client.workflow.list({ query })) {
        await this.client.workflow
          .getHandle(workflowId)
          .terminate('test over')
          .catch(() => undefined);
      }
    }
    await this.client.connection.close();
  }

  view(pipeline: string, key: string): Promise<LaneView> {
    return laneView(this.client, pipeline, key);
  }

  status(pipeline: string): Promise<PipelineStatus> {
    return pipelineStatus(this.client, pipeline);
  }

  decide(pipeline: string, key: string, verb: VerbName, args: VerbArgs = {}) {
    return decide(this.client, { pipeline, key, verb, args });
  }
}
