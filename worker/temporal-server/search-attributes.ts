import type { Connection } from '@temporalio/client';
import { setTimeout as delay } from 'node:timers/promises';
import proto, { type temporal } from '@temporalio/proto';
import { SEARCH_ATTRIBUTES } from '../../contracts/names.ts';

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

/**
 * Registers those of `wanted` that the namespace lacks, and waits until it has them. Asks nothing more of a server that
 * has them all.
 * @returns whether some were lacking
 */
export async function ensureSearchAttributes(
  connection: Connection,
  namespace: string,
  wanted: SearchAttributeTypes,
): Promise<boolean> {
  const missing = async (): Promise<[string, SearchAttributeType][]> => {
    const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
    return Object.entries(wanted).filter(([name]) => !(name in customAttributes));
  };
  const lacking = await missing();
  if (lacking.length === 0) return false;
  const searchAttributes = Object.fromEntries(lacking.map(([name, type]) => [name, VALUE_TYPES[type]]));
  await connection.operatorService.addSearchAttributes({ namespace, searchAttributes });
  const deadline = Date.now() + TIMEOUT_MS;
  while ((await missing()).length > 0) {
    if (Date.now() > deadline) throw new Error(`Namespace ${namespace} does not take the search attributes it lacks`);
    await delay(POLL_MS);
  }
  return true;
}
