import { NoSuchPipelineError, UsageError } from './errors.ts';
import { PIPELINE_NAME } from '../contracts/names.ts';

/*
 * How a key is named on the command line. One rule, whatever the number of pipelines: a name that begins with a
 * configured pipeline and a colon means that pipeline; with --pipeline the name is the key as it is. So a key that
 * begins like that itself is written with its pipeline before it, and `keyName` always prints what can be typed back.
 */

export interface NamedKey {
  readonly pipeline: string;
  readonly key: string;
}

/**
 * @throws {UsageError} if it is not clear which pipeline is meant
 * @throws {NoSuchPipelineError}
 */
export function resolveKey(typed: string, pipelines: readonly string[], chosen: string | undefined): NamedKey {
  if (chosen !== undefined) return { pipeline: knownPipeline(chosen, pipelines), key: notEmpty(typed, typed) };
  const colon = typed.indexOf(':');
  const prefix = colon < 0 ? undefined : typed.slice(0, colon);
  if (prefix !== undefined && pipelines.includes(prefix)) {
    return { pipeline: prefix, key: notEmpty(typed.slice(colon + 1), typed) };
  }
  const [only, ...others] = pipelines;
  if (only !== undefined && others.length === 0) return { pipeline: only, key: notEmpty(typed, typed) };
  if (prefix !== undefined && PIPELINE_NAME.test(prefix)) throw new NoSuchPipelineError(prefix, pipelines);
  throw new UsageError(
    `Which pipeline is key ${JSON.stringify(typed)} of? Write pipeline:key, or --pipeline NAME; there is ${pipelines.join(', ')}.`,
  );
}

/** The shortest name that {@link resolveKey} understands as this key. */
export function keyName({ pipeline, key }: NamedKey, pipelines: readonly string[]): string {
  const plain = pipelines.length === 1 && !pipelines.some((name) => key.startsWith(`${name}:`));
  return plain ? key : `${pipeline}:${key}`;
}

/** @throws {NoSuchPipelineError} */
export function knownPipeline(name: string, pipelines: readonly string[]): string {
  if (pipelines.includes(name)) return name;
  throw new NoSuchPipelineError(name, pipelines);
}

function notEmpty(key: string, typed: string): string {
  if (key !== '') return key;
  throw new UsageError(`${JSON.stringify(typed)} names no key.`);
}
