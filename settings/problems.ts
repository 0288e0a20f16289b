import { inspect } from 'node:util';
import type { z } from 'zod';
import type { SettingsProblem } from './errors.ts';
import { nearestName } from '../lib/pure/nearest.ts';

const MAX_VALUE_CHARS = 80;

/** Converts zod's issues to problems. `config` is the value that was checked. */
export function toProblems(config: unknown, issues: readonly z.core.$ZodIssue[]): SettingsProblem[] {
  return issues.flatMap((issue) => {
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map((key) => unknownField([...issue.path, key], key, issue.message.split(', ')));
    }
    const value = valueAt(config, issue.path);
    return [
      {
        path: formatPath(issue.path),
        ...(value === undefined || issue.code === 'invalid_key' ? {} : { value: showValue(value) }),
        message: value === undefined ? `is missing; ${issue.message}` : issue.message,
      },
    ];
  });
}

function unknownField(path: readonly PropertyKey[], typed: string, allowed: readonly string[]): SettingsProblem {
  const nearest = nearestName(typed, allowed);
  const hint = nearest === undefined ? '' : ` Did you mean ${nearest}?`;
  return { path: formatPath(path), message: `unknown field.${hint} Allowed here: ${allowed.join(', ')}` };
}

/** A path such as `pipelines.orders.retry`, with unusual names in brackets. */
export function formatPath(path: readonly PropertyKey[]): string {
  return path
    .map((part, index) => {
      if (typeof part === 'number') return `[${part}]`;
      const name = String(part);
      if (!/^[\w-]+$/.test(name)) return `[${JSON.stringify(name)}]`;
      return index === 0 ? name : `.${name}`;
    })
    .join('');
}

export function showValue(value: unknown): string {
  const text = inspect(value, { depth: 1, breakLength: Number.POSITIVE_INFINITY });
  return text.length <= MAX_VALUE_CHARS ? text : `${text.slice(0, MAX_VALUE_CHARS - 3)}...`;
}

function valueAt(config: unknown, path: readonly PropertyKey[]): unknown {
  let value = config;
  for (const part of path) value = (value as Record<PropertyKey, unknown> | null | undefined)?.[part];
  return value;
}
