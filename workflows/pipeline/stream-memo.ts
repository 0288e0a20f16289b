import { upsertMemo, workflowInfo } from '@temporalio/workflow';
import { parseKnownStream } from '../../contracts/pipeline/parse.ts';
import { MEMO_FRESH_MS, STREAM_MEMO, type KnownStream } from '../../contracts/pipeline/stream-identity.ts';

/**
 * Writes which stream the pipeline reads into its memo, where a process that starts reads it before it takes any work,
 * without one that answers.
 *
 * Owns what the memo says. The time at which the stream was seen is written now and then, since each time is an event in the
 * history.
 */
export class StreamMemo {
  #written = parseKnownStream(workflowInfo().memo?.[STREAM_MEMO]);
  #seen: KnownStream | undefined;

  /** The stream was seen just now. */
  saw(stream: KnownStream): void {
    this.#seen = stream;
  }

  publish(): void {
    const seen = this.#seen;
    this.#seen = undefined;
    if (seen === undefined || this.#isWritten(seen)) return;
    this.#written = seen;
    upsertMemo({ [STREAM_MEMO]: seen });
  }

  #isWritten(seen: KnownStream): boolean {
    const written = this.#written;
    const isFresh = written !== undefined && Date.now() - Date.parse(written.seenAt) < MEMO_FRESH_MS;
    return isFresh && JSON.stringify({ ...written, seenAt: '' }) === JSON.stringify({ ...seen, seenAt: '' });
  }
}
