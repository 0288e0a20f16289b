import { DATA_GONE, LARGE_EVENT, type FetchInput, type FetchOutcome } from '../../contracts/event/large-events.ts';
import { formatPosition } from '../../contracts/event/position.ts';
import type { PipelineSettings } from '../../settings/settings.ts';
import { formatSize } from '../../contracts/public/size.ts';
import type { Source } from '../../sources/source.ts';
import { claimOf, type Claims } from '../../stores/claims.ts';
import { storedData } from './stored-data.ts';

interface FetchingPipeline {
  readonly settings: PipelineSettings;
  readonly source: Source;
  readonly claims: Claims | undefined;
}

/**
 * Copies data that stayed in the source into the store, if there is one now. What an operator has to fix is returned as
 * an outcome; temporary errors are thrown.
 * @throws {SourceError}
 * @throws {StoreUnavailableError}
 */
export async function fetchData(
  { claims, settings, source }: FetchingPipeline,
  event: FetchInput,
  signal: AbortSignal,
): Promise<FetchOutcome> {
  const failed = async (type: string, messageOf: typeof noStore): Promise<FetchOutcome> => {
    const message = messageOf(event, settings, await expiryOf(source, event, signal));
    return { failure: { type, message, nonRetryable: true }, retry: settings.handling.retry };
  };
  if (claims === undefined) return await failed(LARGE_EVENT, noStore);
  const { sourceOnly } = event;
  if (sourceOnly?.stored !== undefined && (await storedData(claims, sourceOnly, signal)) !== undefined) {
    return { data: { claim: { ...sourceOnly.stored, preview: sourceOnly.preview } } };
  }
  const record = await source.recordAt(event.position, signal);
  // A record of another size belongs to a stream that was deleted and created again.
  if (record?.data.byteLength !== event.size) return await failed(DATA_GONE, gone);
  const claim = claimOf(settings.name, event.position, event.key, record.data);
  await claims.write(claim, record.data, signal);
  return { data: { claim } };
}

/** When the record expires in the source, as an ISO time; undefined when the retention is unknown. */
async function expiryOf(source: Source, { arrivedAt }: FetchInput, signal: AbortSignal): Promise<string | undefined> {
  try {
    return new Date(arrivedAt + (await source.retentionMs(signal))).toISOString();
  } catch {
    signal.throwIfAborted();
    return undefined;
  }
}

function noStore({ size }: FetchInput, { largeEvents, name }: PipelineSettings, until: string | undefined): string {
  const { above } = largeEvents;
  const bound =
    size > above ? `what goes through Temporal (${formatSize(above)})` : 'what this Temporal server accepts';
  return (
    `The data of this event (${formatSize(size)}) is larger than ${bound}, ` +
    `and pipeline ${name} has no store for it. Set largeEvents.store (docs/large-events.md), restart bridge and worker, ` +
    `then retry the key. Until then only the source has it, ${until === undefined ? 'for as long as its retention' : `until ${until}`}.`
  );
}

function gone({ position, size }: FetchInput, _settings: PipelineSettings, until: string | undefined): string {
  const since = until === undefined ? '' : `: by its retention it was kept until ${until}`;
  return (
    `The data of this event (${formatSize(size)}) is gone for good. It was too large for Temporal and left in the source, ` +
    `which has no record ${formatPosition(position)} any more${since}. Skip the event, or replace its data.`
  );
}
