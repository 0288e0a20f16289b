/**
 * Reads the records of a page as DynamoDB wrote them, for records with an attribute called `__proto__` at any depth:
 * the SDK's deserialiser (@smithy/core 3.41) gives such an attribute the value undefined.
 */
import { Buffer } from 'node:buffer';
import type { GetRecordsCommand, _Record } from '@aws-sdk/client-dynamodb-streams';

/** A page's records, in their order; binary values are in base64. */
type RawPage = readonly Pick<_Record, 'dynamodb'>[];

/** An answer with one of these is read twice: the name, or an escape with which it could be written. */
const MARKS = ['__proto__', String.raw`\u005f`, String.raw`\u005F`];

type Step = (args: object) => Promise<{ readonly response: unknown }>;
type Middleware = Parameters<GetRecordsCommand['middlewareStack']['addRelativeTo']>[0];

/** The same records, each with its images as they were written. */
export function withRawImages(records: readonly _Record[], page: RawPage | undefined): readonly _Record[] {
  if (page === undefined) return records;
  return records.map((record, index) => {
    const { Keys, NewImage, OldImage } = page[index]?.dynamodb ?? {};
    return { ...record, dynamodb: { ...record.dynamodb, Keys, NewImage, OldImage } };
  });
}

/**
 * Reads the answer to this command a second time if needed.
 * @returns a function that returns the records once the command is done; undefined when the SDK's records are complete
 */
export function rawPageOf(command: GetRecordsCommand): () => RawPage | undefined {
  let page: RawPage | undefined;
  const readTwice =
    (next: Step): Step =>
    async (args) => {
      const result = await next(args);
      const response = result.response as { body?: AsyncIterable<Uint8Array> | Uint8Array };
      const body = await bytesOf(response.body);
      response.body = body;
      page = MARKS.some((mark) => body.includes(mark)) ? recordsIn(body) : undefined;
      return result;
    };
  // Between the connection and the deserialiser.
  command.middlewareStack.addRelativeTo(readTwice as Middleware, {
    relation: 'after',
    toMiddleware: 'deserializerMiddleware',
    name: 'keylaneRawPage',
  });
  return () => page;
}

async function bytesOf(body: AsyncIterable<Uint8Array> | Uint8Array | undefined): Promise<Buffer> {
  if (body === undefined || body instanceof Uint8Array) return Buffer.from(body ?? []);
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function recordsIn(body: Buffer): RawPage | undefined {
  try {
    return (JSON.parse(body.toString()) as { Records?: RawPage }).Records;
  } catch {
    // The SDK cannot read this answer either.
    return undefined;
  }
}
