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

/** Adds the option that names a key which cannot be typed. It may be given several times. */
export function targetOption(command: Command): Command {
  const what = 'a key as JSON, optionally with the record: {"pipeline", "key", "position"}; repeatable';
  return command.option('--target <json>', what, collect);
}

/** What `blocked --names0` prints for a key: an argument that binds a verb to the record. */
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
    'It must be JSON such as {"pipeline":"orders","key":"order-42"}, optionally with a "position".',
  );
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
