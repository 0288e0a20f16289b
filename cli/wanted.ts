import { parsePosition } from '../contracts/event/position.ts';
import type { Target } from '../contracts/lane/verb-command.ts';
import { UsageError } from './errors.ts';
import type { NamedKey } from '../operations/lanes/named-key.ts';
import type { Session } from './session.ts';

export interface WantedOptions {
  readonly position?: string;
  readonly target?: readonly Target[];
}

/** A key that was named, and the record of it that is meant. */
export interface Wanted {
  readonly key: NamedKey;
  readonly position?: string;
}

/**
 * How many keys are named.
 * @throws {UsageError} if none is, or a position does not say of which key it is
 */
export function countWanted(typed: readonly string[], { position, target = [] }: WantedOptions): number {
  const count = typed.length + target.length;
  if (count === 0) throw new UsageError('No key is named. Name one, or give --target.');
  if (position === undefined) return count;
  if (target.length > 0) throw new UsageError('--target has its position in it; leave out --position.');
  if (count > 1) throw new UsageError('--position names one record, so it goes with one key.');
  if (parsePosition(position) !== undefined) return count;
  throw new UsageError(
    `${JSON.stringify(position)} is not a position; one looks like shardId-000000000000:4958...3, as \`keylane show\` prints it.`,
  );
}

/** @throws {NoSuchPipelineError} */
export async function wanted(session: Session, typed: readonly string[], options: WantedOptions): Promise<Wanted[]> {
  const { position, target = [] } = options;
  const all: Wanted[] = [];
  for (const name of typed) {
    all.push({ key: await session.resolve(name), ...(position === undefined ? {} : { position }) });
  }
  for (const { key, pipeline, position: at } of target) {
    all.push({ key: { pipeline: await session.known(pipeline), key }, ...(at === undefined ? {} : { position: at }) });
  }
  return all;
}

/** @throws {UsageError} if there is not exactly one */
export async function theOne(session: Session, typed: readonly string[], options: WantedOptions): Promise<Wanted> {
  const [only, ...others] = await wanted(session, typed, options);
  if (only !== undefined && others.length === 0) return only;
  throw new UsageError('Name one key, or give --target once.');
}
