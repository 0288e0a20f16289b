import { notAPosition, parsePosition } from '../contracts/event/position.ts';
import type { Target } from '../contracts/lane/verb-command.ts';
import { UsageError } from './errors.ts';
import type { KeyTarget } from '../operations/decisions/decide-all.ts';
import type { Session } from './session.ts';

export interface WantedOptions {
  readonly position?: string;
  readonly target?: readonly Target[];
}

/**
 * The number of keys that are named.
 * @throws {UsageError} if there is none, or it is not clear to which key a position belongs
 */
export function countWanted(typed: readonly string[], { position, target = [] }: WantedOptions): number {
  const count = typed.length + target.length;
  if (count === 0) throw new UsageError('No key was given. Name one, or pass --target.');
  if (position === undefined) return count;
  if (target.length > 0) throw new UsageError('--target contains the position; leave out --position.');
  if (count > 1) throw new UsageError('--position names one record, so it needs exactly one key.');
  if (parsePosition(position) !== undefined) return count;
  throw new UsageError(`${notAPosition(JSON.stringify(position))}, as \`keylane show\` prints it.`);
}

/** @throws {NoSuchPipelineError} */
export async function wanted(session: Session, typed: readonly string[], options: WantedOptions): Promise<KeyTarget[]> {
  const { position, target = [] } = options;
  const all: KeyTarget[] = [];
  for (const name of typed) {
    all.push({ key: await session.resolve(name), ...(position === undefined ? {} : { position }) });
  }
  for (const { key, pipeline, position: at } of target) {
    all.push({
      key: { pipeline: await session.registry.known(pipeline), key },
      ...(at === undefined ? {} : { position: at }),
    });
  }
  return all;
}

/** @throws {UsageError} if there is not exactly one */
export async function theOne(session: Session, typed: readonly string[], options: WantedOptions): Promise<KeyTarget> {
  const [only, ...others] = await wanted(session, typed, options);
  if (only !== undefined && others.length === 0) return only;
  throw new UsageError('Name exactly one key, or pass --target once.');
}
