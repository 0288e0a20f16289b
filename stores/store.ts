/**
 * The port to the store of large events' data, each under a name of its own. It knows nothing about events and lanes:
 * claims.ts handles names and digests.
 */
export interface EventStore {
  /** The store's name in messages: `folder /var/lib/keylane`, `s3://bucket/prefix`. */
  readonly identity: string;
  /**
   * Resolves when the object is durable, whatever happens to this process. A later call with the same name replaces it.
   * @throws {StoreUnavailableError}
   */
  put(name: string, bytes: Uint8Array, signal: AbortSignal): Promise<void>;
  /**
   * @throws {DataGoneError} when there is no such object
   * @throws {StoreUnavailableError}
   */
  get(name: string, signal: AbortSignal): Promise<Uint8Array>;
  /**
   * Resolves when there is no such object, also when there was none.
   * @throws {StoreUnavailableError}
   */
  delete(name: string, signal: AbortSignal): Promise<void>;
  /** Frees connections. */
  close(): void;
}
