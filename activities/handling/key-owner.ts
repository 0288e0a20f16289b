/**
 * Whether a lane that a pool has begun still has its key. It gives the key back before it ends, and from then on the pool runs the
 * key's events. But a run that has ended can be reset in Temporal, and would run events beside the pool then (O1). The server keeps in
 * the first event of a run under which id that was written: after a reset it is another one than the run has.
 *
 * Owns which runs are known to be no reset ones.
 */
import { WorkflowNotFoundError, type Client } from '@temporalio/client';
import { RecentMap } from '../../bridge/recent-map.ts';
import { QUERIES } from '../../contracts/names.ts';
import type { PoolKeyView } from '../../contracts/pool.ts';
import type { RunName } from '../../contracts/remains.ts';

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
    if (!(await this.#isReset(run))) {
      this.#original.set(run.runId, 'original');
      return true;
    }
    try {
      const view = await this.#client.workflow.getHandle(pool).query<PoolKeyView, [string]>(QUERIES.key, key);
      return view.where === 'lane';
    } catch (error) {
      // Nothing but this lane has the key then.
      if (error instanceof WorkflowNotFoundError) return true;
      throw error;
    }
  }

  async #isReset(run: RunName): Promise<boolean> {
    const { history } = await this.#client.workflowService.getWorkflowExecutionHistory({
      namespace: this.#client.options.namespace,
      execution: run,
      maximumPageSize: 1,
    });
    const started = history?.events?.[0]?.workflowExecutionStartedEventAttributes;
    if (started == null) throw new Error(`The first event of run ${run.runId} of ${run.workflowId} cannot be read`);
    return started.originalExecutionRunId !== run.runId;
  }
}
