import type { Client } from '@temporalio/client';
import { WorkflowNotFoundError } from '@temporalio/client';
import type { Logger } from 'pino';
import { pipelineWorkflowId } from '../contracts/names.ts';
import { parseKnownStream } from '../contracts/pipeline/parse.ts';
import type { Settings } from '../settings/settings.ts';
import {
  isOtherStream,
  otherStreamText,
  STREAM_MEMO,
  unorderedText,
  type KnownStream,
  type StreamIdentity,
} from '../contracts/pipeline/stream-identity.ts';
import type { Source } from '../sources/source.ts';
import { OtherSourceError } from './pipelines.ts';

/** Thrown when the settings point to another stream than the pipeline reads, also to one of the same name. */
export class OtherStreamError extends OtherSourceError {
  override readonly name = 'OtherSourceError';

  constructor(pipeline: string, known: KnownStream, found: StreamIdentity) {
    super(pipeline, otherStreamText(pipeline, known, found));
  }
}

/** Thrown when a stream does not keep the order of a key, and the settings do not accept that. */
export class UnorderedStreamError extends Error {
  override readonly name = 'UnorderedStreamError';
  readonly pipeline: string;

  constructor(pipeline: string, source: string) {
    super(`Pipeline "${pipeline}" cannot keep the order of a key: ${unorderedText(source)}`);
    this.pipeline = pipeline;
  }
}

interface CheckOptions {
  readonly client: Client;
  readonly signal: AbortSignal;
  readonly log: Logger;
  readonly startOver: boolean;
}

/**
 * Checks the stream of each pipeline before this process takes any work: a task of another process's pipeline with the
 * same name would run with the wrong stream. Returns the streams by pipeline. A stream that cannot be described now is
 * checked with each listing.
 * @throws {OtherStreamError}
 * @throws {UnorderedStreamError}
 */
export async function checkStreams(
  { pipelines }: Settings,
  sources: ReadonlyMap<string, Source>,
  { client, log, signal, startOver }: CheckOptions,
): Promise<ReadonlyMap<string, StreamIdentity>> {
  const streams = new Map<string, StreamIdentity>();
  for (const [pipeline, { order }] of pipelines) {
    const source = sources.get(pipeline);
    if (source === undefined) continue;
    const { incomplete, stream, unordered } = await source.describe(signal);
    if (incomplete !== undefined) {
      log.warn({ pipeline }, `Could not describe ${source.identity} completely: ${incomplete.message}`);
    }
    if (unordered === true && order !== 'none') throw new UnorderedStreamError(pipeline, source.identity);
    streams.set(pipeline, stream);
    if (!startOver) await requireOwnStream(client, pipeline, stream);
  }
  return streams;
}

/**
 * By the memo of the pipeline's latest run, for which no worker is needed. A pipeline that has none takes what its next listing
 * finds for its own.
 * @throws {OtherStreamError}
 */
export async function requireOwnStream(client: Client, pipeline: string, found: StreamIdentity): Promise<void> {
  const known = await knownStream(client, pipeline);
  if (known !== undefined && isOtherStream(known, found, Date.now()))
    throw new OtherStreamError(pipeline, known, found);
}

async function knownStream(client: Client, pipeline: string): Promise<KnownStream | undefined> {
  try {
    const { memo } = await client.workflow.getHandle(pipelineWorkflowId(pipeline)).describe();
    return parseKnownStream(memo?.[STREAM_MEMO]);
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return undefined;
    throw error;
  }
}
