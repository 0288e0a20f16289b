import { expect } from 'vitest';
import { DOCUMENT_SCHEMAS, type DocumentKind } from '../../operations/documents/schemas.ts';

/** The document as a reader gets it, if it follows the schema of its kind and has no field that the schema lacks. */
export function checkedDocument<Document>(document: Document): Document {
  const json: unknown = JSON.parse(JSON.stringify(document));
  const { kind } = json as { readonly kind: DocumentKind };
  expect(Object.keys(DOCUMENT_SCHEMAS)).toContain(kind);
  expect(DOCUMENT_SCHEMAS[kind].parse(json)).toEqual(json);
  return json as Document;
}

/** What a command has printed, checked if it was to be a document. */
export function checkOutput(argv: readonly string[], stdout: string): void {
  const end = argv.indexOf('--');
  const words = end < 0 ? argv : argv.slice(0, end);
  if (words.includes('--json') && stdout !== '') checkedDocument(JSON.parse(stdout));
}
