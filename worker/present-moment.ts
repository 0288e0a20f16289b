import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import { SourceUnavailableError } from '../sources/errors.ts';
import type { Source } from '../sources/source.ts';

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 10_000;

/**
 * The present moment for a start at LATEST, by the clock of the source, ms since 1970. Records are stamped by that clock:
 * if this machine's were ahead of it, records would be left unread that are written after the start (O4). So a source that
 * cannot be reached is waited for; rejects when the signal aborts, and with what a person has to mend.
 */
export async function presentMoment(
  source: Pick<Source, 'identity' | 'now'>,
  { log, signal }: { readonly log: Logger; readonly signal: AbortSignal },
): Promise<number> {
  for (let waitMs = FIRST_WAIT_MS; ; waitMs = Math.min(waitMs * 2, LONGEST_WAIT_MS)) {
    try {
      const now = await source.now(signal);
      if (now !== undefined) return now;
      log.warn(
        `${source.identity} does not say what time it is (its answers have no Date header). LATEST is taken from this ` +
          "machine's clock: if that is ahead, records that are written from now on may not be read.",
      );
      return Date.now();
    } catch (error) {
      if (!(error instanceof SourceUnavailableError)) throw error;
      if (waitMs === FIRST_WAIT_MS) {
        log.warn(`${error.message} The pipeline starts at LATEST, and begins once the source can be reached.`);
      }
      await delay(waitMs, undefined, { signal }).catch(() => signal.throwIfAborted());
    }
  }
}
