/** A verb on several keys. */
import type { Client } from '@temporalio/client';
import type { Decision, VerbArgs } from '../../contracts/lane/decision.ts';
import type { VerbName } from '../../contracts/names.ts';
import type { LargeEventsSettings } from '../../settings/settings.ts';
import { OperationError } from '../errors.ts';
import type { NamedKey } from '../lanes/named-key.ts';
import type { PipelineRegistry } from '../pipelines/registry.ts';
import { outcomes, type Outcome } from './outcome.ts';
import { decideWithData } from './replace.ts';

/** A key, and the record of it that is meant. */
export interface KeyTarget {
  readonly key: NamedKey;
  readonly position?: string;
}

export interface BulkRequest {
  readonly verb: VerbName;
  readonly targets: readonly KeyTarget[];
  /** For all of them. */
  readonly args: VerbArgs;
  /** How long to wait for what becomes of the records, in ms; undefined not to wait. */
  readonly waitMs?: number | undefined;
  readonly registry: PipelineRegistry;
  readonly largeEventsOf: (pipeline: string) => LargeEventsSettings;
  /** Called for each key as soon as its lane has decided. */
  readonly onDecided?: (key: NamedKey, decision: Decision) => void;
  readonly onRejected?: (key: NamedKey, error: unknown) => void;
}

export interface BulkResult {
  readonly decided: readonly {
    readonly key: NamedKey;
    readonly decision: Decision;
    /** Absent for a verb that does nothing to a record, and when nothing was waited for. */
    readonly outcome?: Outcome;
  }[];
  /** Keys for which nothing was changed, in the order in which they were tried. */
  readonly rejected: readonly { readonly key: NamedKey; readonly error: unknown }[];
}

/**
 * Has the lanes of these keys carry out a verb, one after the other. A key whose verb is rejected does not stop the others;
 * any other error does, since it would meet them too.
 * @throws the error of the only key, or of the server before anything was decided
 */
export async function decideAll(client: Client, request: BulkRequest): Promise<BulkResult> {
  const { largeEventsOf, registry, targets, verb, waitMs } = request;
  const decided: { key: NamedKey; decision: Decision }[] = [];
  const rejected: { key: NamedKey; error: unknown }[] = [];
  for (const { key, position } of targets) {
    try {
      const pools = await registry.poolsOf(key.pipeline);
      const args = position === undefined ? request.args : { ...request.args, position };
      const decision = await decideWithData(client, { ...key, verb, args, pools }, largeEventsOf(key.pipeline));
      decided.push({ key, decision });
      request.onDecided?.(key, decision);
    } catch (error) {
      const concernsKeyOnly = isAboutOneKey(error);
      if (targets.length === 1 || (!concernsKeyOnly && decided.length === 0)) throw error;
      rejected.push({ key, error });
      request.onRejected?.(key, error);
      if (!concernsKeyOnly) break;
    }
  }
  if (waitMs === undefined) return { decided, rejected };
  const became = await outcomes(client, decided, Date.now() + waitMs);
  return {
    decided: decided.map(({ key, decision }, index) => {
      const outcome = became[index];
      return outcome === undefined ? { key, decision } : { key, decision, outcome };
    }),
    rejected,
  };
}

function isAboutOneKey(error: unknown): boolean {
  return (
    error instanceof OperationError &&
    (error.code === 'lane-not-found' || error.code === 'nothing-to-do' || error.code === 'pipeline-not-found')
  );
}
