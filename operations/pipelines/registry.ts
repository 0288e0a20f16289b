/**
 * The pipelines of a namespace, asked from Temporal: where their keys live, which stream they read. So looking and deciding
 * need an address and a name, and no settings file. The names of a settings file, where there is one, are the pipelines that
 * a command is about when none is named; a pipeline that was renamed or removed from it still has its lanes.
 */
import type { Client } from '@temporalio/client';
import { pipelineWorkflowId, SEARCH_ATTRIBUTES, WORKFLOW_TYPES } from '../../contracts/names.ts';
import { mapBounded } from '../../lib/pure/map-bounded.ts';
import { orMissing } from '../../temporal/query.ts';
import { pipelineStart, type PipelineStart } from '../../temporal/router.ts';
import { listing, openLanes, quoted } from '../../temporal/visibility.ts';
import { NoSuchPipelineError } from '../errors.ts';

/** A namespace with more pipelines is shared by many teams, and a list of all of them would not help anyone. */
const MAX_LISTED = 20;
const COUNTS_AT_ONCE = 4;

/** A pipeline that is not among the configured ones. */
export interface OtherPipeline {
  readonly pipeline: string;
  /** Number of blocked keys. */
  readonly blocked: number;
}

export class PipelineRegistry {
  readonly #client: Client;
  readonly #configured: readonly string[] | undefined;
  readonly #found = new Map<string, Promise<boolean>>();
  readonly #starts = new Map<string, Promise<PipelineStart | undefined>>();
  #listed: Promise<readonly string[]> | undefined;

  /** @param configured pipelines of a settings file; without it those that Temporal has are listed */
  constructor(client: Client, configured?: readonly string[]) {
    this.#client = client;
    this.#configured = configured;
  }

  /** The pipelines that are meant when none is named. */
  async names(): Promise<readonly string[]> {
    if (this.#configured !== undefined) return this.#configured;
    this.#listed ??= pipelineNames(this.#client, []);
    return await this.#listed;
  }

  /** Whether there is a pipeline of this name, configured or in Temporal. */
  async has(pipeline: string): Promise<boolean> {
    if (this.#configured?.includes(pipeline) === true) return true;
    const found = this.#found.get(pipeline) ?? isInTemporal(this.#client, pipeline);
    this.#found.set(pipeline, found);
    return await found;
  }

  /**
   * The name, if there is such a pipeline.
   * @throws {NoSuchPipelineError}
   */
  async known(pipeline: string): Promise<string> {
    if (await this.has(pipeline)) return pipeline;
    throw new NoSuchPipelineError(pipeline, await this.names(), this.where);
  }

  /** Where pipelines are looked for, for messages. */
  get where(): string {
    return this.#configured === undefined ? 'in Temporal' : 'in the settings or in Temporal';
  }

  /** What the pipeline was started with; undefined when Temporal does not have it. */
  async start(pipeline: string): Promise<PipelineStart | undefined> {
    const start = this.#starts.get(pipeline) ?? pipelineStart(this.#client, pipeline);
    this.#starts.set(pipeline, start);
    return await start;
  }

  /** How many pools its keys share; undefined when each key has a lane of its own. */
  async poolsOf(pipeline: string): Promise<number | undefined> {
    return (await this.start(pipeline))?.pools;
  }

  /** Pipelines besides those of {@link names} that run, or have keys that need a decision; in the order of their names. */
  async others(): Promise<OtherPipeline[]> {
    const names = await pipelineNames(this.#client, await this.names());
    return await listing(this.#client, () =>
      mapBounded(names, COUNTS_AT_ONCE, async (pipeline) => {
        const { count } = await this.#client.workflow.count(openLanes({ pipeline, status: 'blocked' }));
        return { pipeline, blocked: count };
      }),
    );
  }
}

/** Whether Temporal has anything of a pipeline of this name. */
async function isInTemporal(client: Client, pipeline: string): Promise<boolean> {
  const running = await orMissing(client.workflow.getHandle(pipelineWorkflowId(pipeline)).describe(), undefined);
  if (running?.type === WORKFLOW_TYPES.pipeline) return true;
  const query = `${SEARCH_ATTRIBUTES.pipeline} = ${quoted(pipeline)}`;
  return await listing(client, async () => (await client.workflow.count(query)).count > 0);
}

/** Pipelines that run or have lanes that need a decision, except these. */
async function pipelineNames(client: Client, except: readonly string[]): Promise<string[]> {
  return await listing(client, async () => {
    const found = new Set<string>();
    const open = `WorkflowType = ${quoted(WORKFLOW_TYPES.pipeline)} AND ExecutionStatus = ${quoted('Running')}`;
    for await (const { workflowId } of client.workflow.list({ query: open })) {
      if (!except.includes(workflowId)) found.add(workflowId);
      if (found.size >= MAX_LISTED) break;
    }
    while (found.size < MAX_LISTED) {
      const next = await pipelineOfStuckLane(client, [...except, ...found]);
      if (next === undefined) break;
      found.add(next);
    }
    return [...found].toSorted();
  });
}

/** The pipeline of a lane that needs a decision and belongs to none of these. */
async function pipelineOfStuckLane(client: Client, except: readonly string[]): Promise<string | undefined> {
  const { pipeline, status } = SEARCH_ATTRIBUTES;
  const stuck = ['blocked', 'retrying', 'paused'].map(quoted).join(', ');
  const query = [
    `WorkflowType = ${quoted(WORKFLOW_TYPES.lane)}`,
    `ExecutionStatus = ${quoted('Running')}`,
    `${status} IN (${stuck})`,
    ...(except.length === 0 ? [] : [`${pipeline} NOT IN (${except.map(quoted).join(', ')})`]),
  ].join(' AND ');
  for await (const { workflowId } of client.workflow.list({ query, pageSize: 1 })) return workflowId.split(':', 1)[0];
  return undefined;
}
