/**
 * The version of what one process writes for another one that may run other code: the arguments of workflows with the state that
 * they carry, and the answers with which a terminated run is recovered. It is raised when an older reader would misunderstand what
 * a newer writer has written; a field that is only added needs no new version.
 */
import { InvalidValueError, oneOf, parseOrThrow, type Shape } from '../lib/pure/shape.ts';

/** What this code writes. */
export const VERSION = 1;
export type Version = typeof VERSION;

/** What this code reads. */
const KNOWN_VERSIONS: readonly unknown[] = [VERSION];

export const version: Shape<Version> = oneOf(VERSION);

/**
 * Thrown when something was written by a version that this code does not know. A workflow throws it before it has done anything:
 * so its workflow task fails, and Temporal repeats it until a process takes it that knows the version. Nothing is lost meanwhile.
 */
export class UnknownVersionError extends Error {
  override readonly name = 'UnknownVersionError';
  readonly found: unknown;

  constructor(what: string, found: unknown) {
    super(
      `${what} has version ${JSON.stringify(found) ?? 'none'}, and this process knows ${KNOWN_VERSIONS.join(', ')}. ` +
        'A newer process has written it: deploy the newer version to all processes. Nothing is lost meanwhile.',
    );
    this.found = found;
  }
}

/**
 * A versioned value: the version first, since the rest means nothing without it.
 * @param what names it in errors
 * @throws {UnknownVersionError}
 * @throws {InvalidValueError}
 */
export function parseVersioned<T extends { readonly version: Version }>(
  shape: Shape<T>,
  value: unknown,
  what: string,
): T {
  if (typeof value !== 'object' || value === null) throw new InvalidValueError(what, 'it must be an object');
  const found: unknown = 'version' in value ? value.version : undefined;
  if (!KNOWN_VERSIONS.includes(found)) throw new UnknownVersionError(what, found);
  return parseOrThrow(shape, value, what);
}
