import type { KeylaneConfig } from '../contracts/public/config.ts';
import type { SourceKind } from '../contracts/event/event.ts';
import { FilterError } from '../sources/filter/errors.ts';
import { compileFilter } from '../sources/filter/filter.ts';
import type { SettingsProblem } from './errors.ts';
import { formatPath, showValue } from './problems.ts';

/**
 * The problems of filters in raw settings. What a filter may contain depends on the source, so it is checked only with
 * a valid source.
 */
export function filterProblems(config: unknown): SettingsProblem[] {
  const pipelines = (config as Partial<KeylaneConfig> | null)?.pipelines ?? {};
  return Object.entries(pipelines).flatMap(([name, pipeline]) => {
    const { filter, source } = (pipeline ?? {}) as { filter?: unknown; source?: { kind?: unknown } | null };
    const kind = source?.kind;
    if (filter === undefined || (kind !== 'kinesis' && kind !== 'dynamodb')) return [];
    return problemsOf(filter, kind, ['pipelines', name, 'filter']);
  });
}

function problemsOf(filter: unknown, kind: SourceKind, path: readonly PropertyKey[]): SettingsProblem[] {
  // A single pattern is allowed instead of a list of one; anything else is reported as it is.
  const single = typeof filter === 'object' && filter !== null && !Array.isArray(filter);
  try {
    compileFilter(kind, single ? [filter] : filter);
    return [];
  } catch (error) {
    if (!(error instanceof FilterError)) throw error;
    return error.problems.map((problem) => ({
      path: formatPath([...path, ...problem.path.slice(single ? 1 : 0)]),
      value: showValue(problem.value),
      message: problem.message,
    }));
  }
}
