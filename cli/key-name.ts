import { NoSuchPipelineError } from '../operations/errors.ts';
import { UsageError } from './errors.ts';
import { PIPELINE_NAME } from '../contracts/names.ts';
import type { NamedKey } from '../operations/lanes/named-key.ts';
import type { PipelineRegistry } from '../operations/pipelines/registry.ts';

/*
 * How a key is named on the command line. One rule, whatever the number of pipelines: a name that begins with a
 * pipeline and a colon means that pipeline; with --pipeline the name is the bare key. Pipelines are those of the
 * settings and those in Temporal. A key that begins like that itself is written with its pipeline before it, and
 * `keyName` always prints a name that can be pasted back.
 */

/**
 * @param chosen with --pipeline
 * @throws {UsageError} if it is not clear which pipeline is meant
 * @throws {NoSuchPipelineError}
 */
export async function resolveKey(
  typed: string,
  registry: Pick<PipelineRegistry, 'has' | 'names' | 'where'>,
  chosen: string | undefined,
): Promise<NamedKey> {
  if (chosen !== undefined) return { pipeline: chosen, key: notEmpty(typed, typed) };
  const prefix = prefixOf(typed);
  if (prefix !== undefined && (await registry.has(prefix))) {
    return { pipeline: prefix, key: notEmpty(typed.slice(prefix.length + 1), typed) };
  }
  const pipelines = await registry.names();
  const [only, ...others] = pipelines;
  if (only !== undefined && others.length === 0) return { pipeline: only, key: notEmpty(typed, typed) };
  if (prefix !== undefined) throw new NoSuchPipelineError(prefix, pipelines, registry.where);
  const known = pipelines.length === 0 ? 'none was found' : `known: ${pipelines.join(', ')}`;
  throw new UsageError(
    `Which pipeline is key ${JSON.stringify(typed)} of? Write pipeline:key, or pass --pipeline NAME (${known}).`,
  );
}

/**
 * The shortest name that {@link resolveKey} understands as this key, whatever pipelines Temporal has.
 * @param pipelines those of the settings; none when there is no settings file
 */
export function keyName({ pipeline, key }: NamedKey, pipelines: readonly string[]): string {
  const plain = pipelines.length === 1 && pipelines[0] === pipeline && prefixOf(key) === undefined;
  return plain ? key : `${pipeline}:${key}`;
}

/** What could be a pipeline's name before a colon. */
function prefixOf(text: string): string | undefined {
  const colon = text.indexOf(':');
  const prefix = text.slice(0, Math.max(0, colon));
  return PIPELINE_NAME.test(prefix) ? prefix : undefined;
}

/** @throws {NoSuchPipelineError} */
export function knownPipeline(name: string, pipelines: readonly string[]): string {
  if (pipelines.includes(name)) return name;
  throw new NoSuchPipelineError(name, pipelines, 'in the settings');
}

function notEmpty(key: string, typed: string): string {
  if (key !== '') return key;
  throw new UsageError(`${JSON.stringify(typed)} names no key.`);
}
