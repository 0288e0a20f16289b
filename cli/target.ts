import { InvalidArgumentError, type Command } from 'commander';
import { z } from 'zod';
import { parsePosition } from '../contracts/event/position.ts';
import { asciiJson } from '../lib/pure/shell-word.ts';
import type { Target } from '../contracts/lane/verb-command.ts';

const TARGET = z.strictObject({
  pipeline: z.string().min(1),
  key: z.string().min(1),
  position: z
    .string()
    .refine((text) => parsePosition(text) !== undefined)
    .exactOptional(),
});

/** The option that names what cannot be typed; it may be given several times. */
export function targetOption(command: Command): Command {
  const what = 'a key as JSON, and the record that is meant: {"pipeline", "key", "position"}; may be repeated';
  return command.option('--target <json>', what, collect);
}

/** What `blocked --names0` prints for a key: one argument of a verb, which is bound to the record. */
export function targetArgument(target: Required<Target>): string {
  return `--target=${asciiJson(target)}`;
}

function collect(json: string, before: readonly Target[] = []): readonly Target[] {
  return [...before, parseTarget(json)];
}

function parseTarget(json: string): Target {
  const parsed = TARGET.safeParse(jsonOf(json));
  if (parsed.success) return parsed.data;
  throw new InvalidArgumentError(
    'It must be JSON such as {"pipeline":"orders","key":"order-42"}, with a "position" or without.',
  );
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
