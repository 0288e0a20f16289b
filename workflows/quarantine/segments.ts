/**
 * The segments of a quarantine: starts them, and tells them which of their records are out.
 *
 * Owns the numbering of the segments that this run starts. What is in which segment, the state says.
 */
import { getExternalWorkflowHandle, log } from '@temporalio/workflow';
import type { SegmentName } from '../../contracts/lane/backlog.ts';
import { VERSION } from '../../contracts/version.ts';
import { segmentWorkflowId, SIGNALS } from '../../contracts/names.ts';
import type { DecidedSignal } from '../../contracts/quarantine/messages.ts';
import type { QuarantinedRecord } from '../../contracts/quarantine/record.ts';
import { Segments } from '../shared/segments/segments.ts';

export class QuarantineSegments {
  readonly #pipeline: string;
  readonly #segments: Segments<QuarantinedRecord>;

  /** @param latest the one that was started last, by a run before: it is counted on */
  constructor(pipeline: string, latest: SegmentName | undefined) {
    this.#pipeline = pipeline;
    this.#segments = new Segments(pipeline, (records) => ({ version: VERSION, pipeline, records }), latest);
  }

  /** Resolves when the server has the records in a segment of their own. */
  async hold(records: readonly QuarantinedRecord[]): Promise<SegmentName> {
    return await this.#segments.hold(records);
  }

  /**
   * Tells a segment which of its records are out, and completes it when no others are left in it.
   * @param undecided records that were left in it before
   * @returns false when it was terminated, and cannot be told
   */
  async decided(segment: SegmentName, indexes: readonly number[], undecided: number): Promise<boolean> {
    const workflowId = segmentWorkflowId(this.#pipeline, segment);
    if (indexes.length >= undecided) {
      await this.#segments.close(workflowId);
      return true;
    }
    try {
      await getExternalWorkflowHandle(workflowId).signal<[DecidedSignal]>(SIGNALS.decided, { indexes });
      return true;
    } catch (error) {
      log.error('A segment was terminated; its records can be read until the retention period of the namespace ends', {
        error,
        segment: workflowId,
      });
      return false;
    }
  }
}
