import { randomBytes } from 'node:crypto';
import { readNewData, type NewDataArgs } from '../../contracts/event/new-data.ts';
import { decodeEventData } from '../../contracts/event/data-codec.ts';
import type { Claim } from '../../contracts/event/event.ts';
import { jsonBytes } from '../../lib/pure/json-bytes.ts';
import type { Position } from '../../contracts/event/position.ts';
import type { LargeEventsSettings } from '../../settings/settings.ts';
import { Claims, claimOf } from '../../stores/claims.ts';
import { openStore } from '../../stores/open.ts';
import { InvalidNewDataError } from '../errors.ts';

const TIMEOUT_MS = 60_000;

/** Which record the new data is for. */
export interface ReplacedRecord {
  readonly pipeline: string;
  /** Undefined for a record of the quarantine. */
  readonly key: string | undefined;
  readonly position: Position;
}

/** Whether new data goes through Temporal as it is. With a store, large data lies there, as the data of large events does. */
export function goesInline(args: NewDataArgs, { above, store }: LargeEventsSettings): boolean {
  const given = readNewData(args);
  if (given === undefined) return true;
  if ('problem' in given) {
    if (store === undefined || !isWhole(args)) throw new InvalidNewDataError(given.problem);
    return false;
  }
  return store === undefined || jsonBytes(given.data) <= above;
}

/** The bytes of data that is only too large; what cannot be read at all has none. */
function isWhole(args: NewDataArgs): boolean {
  return args.base64 !== undefined || args.text?.isWellFormed() === true || args.data !== undefined;
}

/**
 * Has something done with new data that is in the store of large events by then. When that fails it is deleted again,
 * unless the data may be in use: `mayBeInUse` says so of a failure.
 * @throws {StoreError}
 */
export async function withStoredData<T>(
  args: NewDataArgs,
  { key, pipeline, position }: ReplacedRecord,
  { store: config }: LargeEventsSettings,
  run: (stored: Pick<NewDataArgs, 'claim' | 'size'>) => Promise<T>,
  mayBeInUse: (error: unknown) => boolean,
): Promise<T> {
  if (config === undefined) throw new Error(`Pipeline ${pipeline} has no store of large events`);
  const bytes = decodeEventData(inlineOf(args));
  const claim = ownClaim(claimOf(pipeline, position, key, bytes));
  const store = await openStore(config);
  try {
    const claims = new Claims(store, pipeline);
    await claims.write(claim, bytes, AbortSignal.timeout(TIMEOUT_MS));
    try {
      return await run({ claim, size: bytes.byteLength });
    } catch (error) {
      if (!mayBeInUse(error)) await claims.delete(claim.name, AbortSignal.timeout(TIMEOUT_MS)).catch(() => undefined);
      throw error;
    }
  } finally {
    store.close();
  }
}

/** Never the object that the record has now, although its bytes may be the same: that one belongs to the decision. */
function ownClaim(claim: Claim): Claim {
  return { ...claim, name: `${claim.name}-r${randomBytes(4).toString('hex')}` };
}

function inlineOf({ base64, data, text }: NewDataArgs) {
  if (base64 !== undefined) return { base64 };
  return text === undefined ? { json: data } : { text };
}
