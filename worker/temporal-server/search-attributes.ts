import type { Connection } from '@temporalio/client';
import { setTimeout as delay } from 'node:timers/promises';
import proto, { type temporal } from '@temporalio/proto';
import { SEARCH_ATTRIBUTES } from '../../contracts/names.ts';
import { GRPC, grpcFailure } from '../../temporal/grpc.ts';
import { SearchAttributesError } from './errors.ts';

export type SearchAttributeType = 'Keyword' | 'KeywordList' | 'Text' | 'Int' | 'Double' | 'Bool' | 'Datetime';
export type SearchAttributeTypes = Readonly<Record<string, SearchAttributeType>>;

/** What Keylane writes on its workflows; a namespace must know them. */
export const KEYLANE_SEARCH_ATTRIBUTES: SearchAttributeTypes = {
  [SEARCH_ATTRIBUTES.pipeline]: 'Keyword',
  [SEARCH_ATTRIBUTES.key]: 'Keyword',
  [SEARCH_ATTRIBUTES.status]: 'Keyword',
  [SEARCH_ATTRIBUTES.blockedSince]: 'Datetime',
  [SEARCH_ATTRIBUTES.error]: 'Keyword',
  [SEARCH_ATTRIBUTES.backlog]: 'Int',
};

const { IndexedValueType } = proto.temporal.api.enums.v1;
const VALUE_TYPES: Readonly<Record<SearchAttributeType, temporal.api.enums.v1.IndexedValueType>> = {
  Keyword: IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD,
  KeywordList: IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD_LIST,
  Text: IndexedValueType.INDEXED_VALUE_TYPE_TEXT,
  Int: IndexedValueType.INDEXED_VALUE_TYPE_INT,
  Double: IndexedValueType.INDEXED_VALUE_TYPE_DOUBLE,
  Bool: IndexedValueType.INDEXED_VALUE_TYPE_BOOL,
  Datetime: IndexedValueType.INDEXED_VALUE_TYPE_DATETIME,
};

const POLL_MS = 100;
const TIMEOUT_MS = 30_000;

/** Errors about the caller's permissions, and not about the connection. */
const NOT_ALLOWED: ReadonlySet<number> = new Set([GRPC.permissionDenied, GRPC.unauthenticated, GRPC.unimplemented]);
const REFUSED: ReadonlySet<number> = new Set([
  ...NOT_ALLOWED,
  GRPC.invalidArgument,
  GRPC.resourceExhausted,
  GRPC.failedPrecondition,
]);

/**
 * Registers the `wanted` attributes that the namespace lacks, and waits until it has them. Sends no further request
 * when it has all of them.
 * @param unchecked called with the reason when this process may not list them; without it that is an error
 * @returns whether any were missing
 * @throws {SearchAttributesError} if the namespace has one with another type, or rejects one
 */
export async function ensureSearchAttributes(
  connection: Connection,
  namespace: string,
  wanted: SearchAttributeTypes,
  unchecked?: (reason: string) => void,
): Promise<boolean> {
  const registered = async () => {
    const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
    checkTypes(namespace, customAttributes, wanted);
    return new Set(Object.keys(customAttributes));
  };
  let known: ReadonlySet<string>;
  try {
    known = await registered();
  } catch (error) {
    const failure = grpcFailure(error);
    if (unchecked === undefined || failure === undefined || !NOT_ALLOWED.has(failure.code)) throw error;
    unchecked(failure.details);
    return false;
  }
  const lacking = Object.entries(wanted).filter(([name]) => !known.has(name));
  if (lacking.length === 0) return false;
  await register(connection, namespace, lacking);
  const deadline = Date.now() + TIMEOUT_MS;
  for (const [name] of lacking) {
    while (!(await registered()).has(name)) {
      if (Date.now() > deadline)
        throw new Error(`Namespace ${namespace} did not add the missing search attributes in time`);
      await delay(POLL_MS);
    }
  }
  return true;
}

type Attribute = readonly [name: string, type: SearchAttributeType];

/** Registers all at once; if that is rejected, one by one, to find out which are rejected. */
async function register(connection: Connection, namespace: string, attributes: readonly Attribute[]): Promise<void> {
  const add = async (some: readonly Attribute[]): Promise<string | undefined> => {
    try {
      const searchAttributes = Object.fromEntries(some.map(([name, type]) => [name, VALUE_TYPES[type]]));
      await connection.operatorService.addSearchAttributes({ namespace, searchAttributes });
      return undefined;
    } catch (error) {
      const failure = grpcFailure(error);
      // Another starting process has just added it.
      if (failure?.code === GRPC.alreadyExists) return undefined;
      if (failure === undefined || !REFUSED.has(failure.code)) throw error;
      return failure.details;
    }
  };
  if ((await add(attributes)) === undefined) return;
  const refused: Attribute[] = [];
  let reason = '';
  for (const attribute of attributes) {
    const why = await add([attribute]);
    if (why === undefined) continue;
    refused.push(attribute);
    reason = why;
  }
  if (refused.length > 0) throw SearchAttributesError.refused(namespace, refused, reason);
}

function checkTypes(
  namespace: string,
  found: Readonly<Record<string, temporal.api.enums.v1.IndexedValueType>>,
  wanted: SearchAttributeTypes,
): void {
  const wrong = Object.entries(wanted).flatMap(([name, type]) => {
    const has = found[name];
    return has === undefined || has === VALUE_TYPES[type] ? [] : [{ name, type, has: typeName(has) }];
  });
  if (wrong.length > 0) throw SearchAttributesError.wrongTypes(namespace, wrong);
}

function typeName(value: temporal.api.enums.v1.IndexedValueType): string {
  const [name] = Object.entries(VALUE_TYPES).find(([, known]) => known === value) ?? [];
  return name ?? `type ${value}`;
}
