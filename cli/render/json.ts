import { errorPart } from '../../operations/documents/error.ts';
import { codeOf, exitCodeOf, messageOf } from '../errors.ts';
import { visibleJson } from './log-line.ts';

/** Without characters that a terminal acts on: in a string each is written as an escape, which means the same. */
export function jsonText(document: unknown): string {
  return visibleJson(JSON.stringify(document, undefined, 2));
}

/** An error as documents have it. */
export function errorJson(error: unknown): ReturnType<typeof errorPart> {
  return errorPart(error, { code: codeOf(error), exitCode: exitCodeOf(error), message: messageOf(error) });
}
