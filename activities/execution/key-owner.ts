/**
 * Whether a lane that a pool has started still has its key. The lane returns the key before it ends, and from then on the
 * pool runs the key's events. But a run that has ended can be reset in Temporal, and would then run events while the pool
 * does (O1). The server keeps the original run id in the first event of a run: after a reset it differs from the id of the
 * run. A run that continues a reset one has to be checked as well: its own first event only says which run it continues.
 *
 * Owns which runs are known to be neither reset nor the continuation of a reset one.
 */
import { WorkflowNotFoundError, type Client } from '@temporalio/client';
import type { temporal } from '@temporalio/proto';
import { isNotFound } from '../../temporal/grpc.ts';
import { RecentMap } from '../../lib/pure/recent-map.ts';
import { QUERIES } from '../../contracts/names.ts';
import { parsePoolKeyView } from '../../contracts/pool/view-shapes.ts';
import type { RunName } from '../../contracts/run.ts';

type Started = temporal.api.history.v1.IWorkflowExecutionStartedEventAttributes;

/** Length of the chain of runs that is followed back to the first one. A lane of a pool seldom has more than one run. */
const MAX_RUNS_LOOKED_AT = 20;

export class KeyOwner {
  readonly #client: Client;
  readonly #original = new RecentMap();

  constructor(client: Client) {
    this.#client = client;
  }

  /**
   * Whether this run of a lane may run events of the key.
   * @throws when that cannot be learned just now
   */
  async isLane(run: RunName, pool: string, key: string): Promise<boolean> {
    if (this.#original.get(run.runId) !== undefined) return true;
    if (await this.#isOriginal(run)) {
      this.#original.set(run.runId, 'original');
      return true;
    }
    try {
      const answer: unknown = await this.#client.workflow.getHandle(pool).query<unknown, [string]>(QUERIES.key, key);
      return parsePoolKeyView(answer).where === 'lane';
    } catch (error) {
      // Nothing but this lane has the key then.
      if (error instanceof WorkflowNotFoundError) return true;
      throw error;
    }
  }

  /** False also when that is unknown: the pool knows in any case. */
  async #isOriginal(run: RunName): Promise<boolean> {
    let { runId } = run;
    for (let looked = 0; looked < MAX_RUNS_LOOKED_AT; looked += 1) {
      const started = await this.#firstEvent({ ...run, runId }, runId !== run.runId);
      if (started === undefined || started.originalExecutionRunId !== runId) return false;
      const continued = started.continuedExecutionRunId ?? '';
      if (continued === '' || this.#original.get(continued) !== undefined) return true;
      runId = continued;
    }
    return false;
  }

  /** Undefined when Temporal does not have the run any more, if that may be. */
  async #firstEvent(execution: RunName, mayBeGone: boolean): Promise<Started | undefined> {
    try {
      const { history } = await this.#client.workflowService.getWorkflowExecutionHistory({
        namespace: this.#client.options.namespace,
        execution,
        maximumPageSize: 1,
      });
      const started = history?.events?.[0]?.workflowExecutionStartedEventAttributes;
      if (started != null) return started;
    } catch (error) {
      if (mayBeGone && isNotFound(error)) return undefined;
      throw error;
    }
    throw new Error(`The first event of run ${execution.runId} of ${execution.workflowId} cannot be read`);
  }
}
