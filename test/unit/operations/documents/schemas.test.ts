/** docs/json has the schemas of all documents. `npx vitest run test/unit/operations/documents -u` writes them. */
import { readdir } from 'node:fs/promises';
import { format, resolveConfig } from 'prettier';
import { describe, expect, test } from 'vitest';
import { DOCUMENT_SCHEMAS, jsonSchemaOf, type DocumentKind } from '../../../../operations/documents/schemas.ts';

const FOLDER = new URL('../../../../docs/json/', import.meta.url);
const kinds = Object.keys(DOCUMENT_SCHEMAS) as DocumentKind[];

describe('docs/json has the JSON schema of each document', () => {
  test.each(kinds)('%s', async (kind) => {
    const file = new URL(`${kind}.schema.json`, FOLDER).pathname;
    const style = { ...(await resolveConfig(file)), parser: 'json' };
    await expect(await format(JSON.stringify(jsonSchemaOf(kind), undefined, 2), style)).toMatchFileSnapshot(file);
  });

  test('and no other', async () => {
    expect((await readdir(FOLDER)).toSorted()).toEqual(kinds.map((kind) => `${kind}.schema.json`).toSorted());
  });
});

test('a document names its kind and its version, and a schema allows fields of later versions', () => {
  for (const kind of kinds) {
    expect(jsonSchemaOf(kind)).toMatchObject({
      properties: { version: { const: 1 }, kind: { const: kind } },
      required: expect.arrayContaining(['version', 'kind']),
    });
    expect(JSON.stringify(jsonSchemaOf(kind))).not.toContain('"additionalProperties":false');
  }
});
