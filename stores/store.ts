/**
 * The port to where the data of large events lies, under a name for each. It knows nothing of events and lanes: names and
 * digests are the affair of claims.ts.
 */
export interface EventStore {
  /** For people: `folder /var/lib/keylane`, `s3://bucket/prefix`. */
  readonly identity: string;
  /**
   * Resolves when the object is there for good, whatever happens to this process. The same name again replaces it.
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
