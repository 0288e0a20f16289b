/**
 * The segments of a lane's backlog, or of a quarantine, as its run starts and closes them.
 *
 * Owns the epoch of this run and the number of its latest segment. What is in which segment, the lane's state says.
 */
import {
  ChildWorkflowCancellationType,
  getExternalWorkflowHandle,
  log,
  ParentClosePolicy,
  startChild,
  uuid4,
  workflowInfo,
} from '@temporalio/workflow';
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import type { SegmentInput, SegmentMemo, SegmentName } from '../../../contracts/lane/backlog.ts';
import { segmentWorkflowId, SIGNALS, WORKFLOW_TYPES } from '../../../contracts/names.ts';
import type { QuarantineSegmentInput } from '../../../contracts/quarantine/messages.ts';

const EPOCH_LENGTH = 16;
/** Temporal takes 400 bytes. */
const SUMMARY_CHARS = 100;

export class Segments<Item> {
  readonly #pipeline: string;
  readonly #inputOf: (items: readonly Item[]) => SegmentInput | QuarantineSegmentInput;
  #epoch: string | undefined;
  #number: number;

  /** @param latest the one that was started last, by a run before: it is counted on */
  constructor(
    pipeline: string,
    inputOf: (items: readonly Item[]) => SegmentInput | QuarantineSegmentInput,
    latest?: SegmentName,
  ) {
    this.#pipeline = pipeline;
    this.#inputOf = inputOf;
    this.#epoch = latest?.epoch;
    this.#number = latest?.number ?? 0;
  }

  /** Resolves when the server has the items in a segment of their own (B2). */
  async hold(items: readonly Item[]): Promise<SegmentName> {
    for (;;) {
      const segment = this.#next();
      try {
        await this.#start(segment, items);
        return segment;
      } catch (error) {
        if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
        // The lane was reset to a time before. After a reset other random numbers are drawn.
        if (this.#epoch === segment.epoch) this.#epoch = undefined;
      }
    }
  }

  /** The lane has all its events again. */
  async close(workflowId: string): Promise<void> {
    try {
      await getExternalWorkflowHandle(workflowId).signal(SIGNALS.close);
    } catch (error) {
      log.warn('A segment that is not needed any more could not be told so', { error, segment: workflowId });
    }
  }

  #next(): SegmentName {
    if (this.#epoch === undefined) {
      this.#epoch = uuid4().replaceAll('-', '').slice(0, EPOCH_LENGTH);
      this.#number = 0;
    }
    this.#number += 1;
    return { epoch: this.#epoch, number: this.#number };
  }

  async #start(segment: SegmentName, items: readonly Item[]): Promise<void> {
    const memo: SegmentMemo = { count: items.length };
    await startChild(WORKFLOW_TYPES.segment, {
      workflowId: segmentWorkflowId(this.#pipeline, segment),
      args: [this.#inputOf(items)],
      memo: { ...memo },
      // It outlives this run, whatever becomes of that (O5).
      parentClosePolicy: ParentClosePolicy.ABANDON,
      cancellationType: ChildWorkflowCancellationType.ABANDON,
      workflowIdReusePolicy: 'REJECT_DUPLICATE',
      staticSummary: `${items.length} waiting events of ${workflowInfo().workflowId}`.slice(0, SUMMARY_CHARS),
    });
  }
}
