/** What an iterator of either service stands for. Clients see an opaque token. */
export interface IteratorState {
  /** Name (Kinesis) or ARN (DynamoDB Streams) of the stream. */
  readonly stream: string;
  readonly shardId: string;
  readonly place: number;
  /** When it was handed out; its age counts from then. */
  readonly issuedAt: number;
  /** Empty pages that the end of a closed shard has had already. */
  readonly trailing: number;
  /** It gives empty pages for ever: one way of Kinesis to treat a start that has been trimmed. */
  readonly stuck?: true;
}

export function writeIterator(state: IteratorState): string {
  return encodeToken(state);
}

/** Undefined for a text that is no iterator. */
export function readIterator(token: unknown): IteratorState | undefined {
  const state = decodeToken(token);
  return state !== undefined && 'place' in state && 'shardId' in state ? (state as IteratorState) : undefined;
}

export function encodeToken(state: object): string {
  return Buffer.from(JSON.stringify(state)).toString('base64');
}

export function decodeToken(token: unknown): object | undefined {
  if (typeof token !== 'string') return undefined;
  try {
    const state: unknown = JSON.parse(Buffer.from(token, 'base64').toString());
    return typeof state === 'object' && state !== null ? state : undefined;
  } catch {
    return undefined;
  }
}
