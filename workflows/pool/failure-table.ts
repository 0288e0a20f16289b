import { jsonBytes } from '../../lib/pure/json-bytes.ts';
import type { FailedEvent } from '../../contracts/event/failure.ts';

import { truncate } from '../../lib/pure/text.ts';

/** Maximum bytes of all failures together: the state of a pool must fit into the input of its next run. */
const MAX_BYTES = 128 * 1024;
const MESSAGE_CHARS = 500;

/** The failures of the keys of a pool as they are carried: distinct ones, without stacks. */
export class FailureTable {
  readonly #indexes = new Map<string, number>();
  readonly #failures: FailedEvent[] = [];
  #bytes = 0;

  get failures(): readonly FailedEvent[] {
    return this.#failures;
  }

  /** @returns the index of the failure; undefined if there is no space for it */
  add({ failure: { stack: _stack, ...failure }, policy }: FailedEvent): number | undefined {
    const known = { failure: { ...failure, message: truncate(failure.message, MESSAGE_CHARS) }, policy };
    const id = JSON.stringify(known);
    const index = this.#indexes.get(id);
    if (index !== undefined) return index;
    const bytes = jsonBytes(known);
    if (this.#bytes + bytes > MAX_BYTES) return undefined;
    this.#bytes += bytes;
    this.#indexes.set(id, this.#failures.length);
    return this.#failures.push(known) - 1;
  }
}
