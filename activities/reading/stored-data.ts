import type { SourceOnlyData } from '../../contracts/event/event.ts';
import type { Claims } from '../../stores/claims.ts';
import { DataGoneError } from '../../stores/errors.ts';

/**
 * The data of an event that was sent while its data was still being written, if that write has succeeded since;
 * otherwise undefined.
 * @throws {StoreUnavailableError}
 */
export async function storedData(
  claims: Claims | undefined,
  { preview, stored }: SourceOnlyData['sourceOnly'],
  signal: AbortSignal,
): Promise<Uint8Array | undefined> {
  if (claims === undefined || stored === undefined) return undefined;
  try {
    return await claims.read({ ...stored, preview }, signal);
  } catch (error) {
    if (error instanceof DataGoneError) return undefined;
    throw error;
  }
}
