import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import { SourceUnavailableError } from '../sources/errors.ts';
import type { Source } from '../sources/source.ts';

const FIRST_WAIT_MS = 500;
const MAX_WAIT_MS = 10_000;

/**
 * The current time for a start at LATEST, by the clock of the source, ms since 1970. Records are stamped by that clock:
 * if this machine's clock were ahead of it, records that are written after the start would not be read (O4). So it
 * waits for a source that cannot be reached; it rejects when the signal aborts, and on errors in the configuration.
 */
export async function presentMoment(
  source: Pick<Source, 'identity' | 'now'>,
  { log, signal }: { readonly log: Logger; readonly signal: AbortSignal },
): Promise<number> {
  for (let waitMs = FIRST_WAIT_MS; ; waitMs = Math.min(waitMs * 2, MAX_WAIT_MS)) {
    try {
      const now = await source.now(signal);
      if (now !== undefined) return now;
      log.warn(
        `${source.identity} does not report its time (its answers have no Date header). LATEST is taken from this ` +
          "machine's clock: if that is ahead, records that are written from now on may not be read.",
      );
      return Date.now();
    } catch (error) {
      if (!(error instanceof SourceUnavailableError)) throw error;
      if (waitMs === FIRST_WAIT_MS) {
        log.warn(`${error.message} The pipeline is set to start at LATEST, and starts once the source can be reached.`);
      }
      await delay(waitMs, undefined, { signal }).catch(() => signal.throwIfAborted());
    }
  }
}
