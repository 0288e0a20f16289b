import type { Logger } from 'pino';
import type { Settings } from '../settings/settings.ts';
import { SourceUnavailableError } from '../sources/errors.ts';
import { openSource } from '../sources/open.ts';
import type { Source } from '../sources/source.ts';
import type { Closers } from '../lib/node/closers.ts';

/**
 * Opens the source of each pipeline and lists its shards once, so that a stream that does not exist is reported at
 * start. A source that cannot be reached now is no error: its readers retry.
 * @throws {SourceConfigurationError}
 */
export async function openSources(
  settings: Settings,
  log: Logger,
  signal: AbortSignal,
  closers: Closers,
): Promise<Map<string, Source>> {
  const sources = new Map<string, Source>();
  for (const [name, pipeline] of settings.pipelines) {
    const source = openSource(pipeline.source, { idleIntervalMs: pipeline.reading.idlePollMs });
    closers.add(source.identity, () => source.close());
    sources.set(name, source);
    try {
      const shards = await source.listShards(signal);
      log.debug({ pipeline: name, source: source.identity, shards: shards.length }, 'Source found');
    } catch (error) {
      if (!(error instanceof SourceUnavailableError)) throw error;
      log.warn({ pipeline: name }, `${error.message} Reading starts when it can be reached.`);
    }
  }
  return sources;
}
