import { WorkflowUpdateFailedError } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { readRejection, REJECTED, type Rejection } from '../contracts/rejection.ts';

/** With what a workflow has rejected an update; undefined when the update failed otherwise. */
export function rejectionIn(error: unknown): Rejection | undefined {
  if (!(error instanceof WorkflowUpdateFailedError)) return undefined;
  const { cause } = error;
  if (!(cause instanceof ApplicationFailure) || cause.type !== REJECTED) return undefined;
  return readRejection(cause.details?.[0]);
}
