import { extname, resolve } from 'node:path';
import type { KeylaneConfig } from '../contracts/public/config.ts';
import type { DeploymentSettings, Settings, TemporalSettings } from './settings.ts';
import { environmentDeployment, environmentNames, type Environment } from './environment.ts';
import { DEFAULTS } from './defaults.ts';
import { SettingsError, type SettingsProblem } from './errors.ts';
import { filterProblems } from './filter-problems.ts';
import { findSettingsFile, isFile } from './find.ts';
import { importModule, MODULE_ENDINGS, whatFailed } from './modules.ts';
import { formatPath, showValue, toProblems } from './problems.ts';
import { configSchema } from './schema.ts';
import { toPipelines } from './to-pipelines.ts';

export interface LoadSettingsOptions {
  /** Where the search for a settings file starts, and what `file` is relative to. */
  readonly cwd: string;
  readonly file?: string;
  /** @default process.env */
  readonly env?: Environment;
}

/**
 * Finds the settings file, imports it, checks it and fills in the defaults.
 * @throws {SettingsError} with all problems
 * @throws {TemporalEnvironmentError}
 */
export async function loadSettings(options: LoadSettingsOptions): Promise<Settings> {
  const file = await findSettingsFile(options.cwd, options.file);
  const config = await importConfig(file);
  const checked = configSchema.safeParse(config);
  const problems = checked.success ? [] : toProblems(config, checked.error.issues);
  problems.push(...filterProblems(config), ...(await missingHandlers(config, file)));
  if (problems.length > 0) throw new SettingsError(file, problems);

  const valid = config as KeylaneConfig;
  return {
    file,
    temporal: toTemporal(valid, options.env ?? process.env),
    metrics: { address: valid.metrics?.address },
    log: { keys: valid.log?.keys ?? DEFAULTS.logKeys },
    pipelines: toPipelines(valid, file),
  };
}

async function importConfig(file: string): Promise<unknown> {
  if (!MODULE_ENDINGS.includes(extname(file))) {
    throw new SettingsError(file, [{ path: '', message: `a settings file ends in ${MODULE_ENDINGS.join(', ')}` }]);
  }
  let exported: Record<string, unknown>;
  try {
    exported = await importModule(file);
  } catch (error) {
    throw new SettingsError(file, [{ path: '', message: `importing it failed: ${whatFailed(error)}` }], {
      cause: error,
    });
  }
  if (exported['default'] !== undefined) return exported['default'];
  throw new SettingsError(file, [
    { path: '', message: 'it has no default export: write `export default defineConfig({ ... })`' },
  ]);
}

/** Checks the raw settings, so that a missing file is reported together with all other problems. */
async function missingHandlers(config: unknown, file: string): Promise<SettingsProblem[]> {
  const pipelines = Object.entries((config as Partial<KeylaneConfig> | null)?.pipelines ?? {});
  const found = await Promise.all(
    pipelines.map(async ([name, pipeline]): Promise<SettingsProblem[]> => {
      const handler: unknown = (pipeline as { handler?: unknown } | null)?.handler;
      if (typeof handler !== 'string' || handler === '') return [];
      const path = resolve(file, '..', handler);
      if (await isFile(path)) return [];
      const ending = await findEnding(path);
      const hint = ending === undefined ? '' : `; did you mean ${handler}${ending}?`;
      const where = formatPath(['pipelines', name, 'handler']);
      return [{ path: where, value: showValue(handler), message: `the file ${path} does not exist${hint}` }];
    }),
  );
  return found.flat();
}

async function findEnding(path: string): Promise<string | undefined> {
  for (const ending of MODULE_ENDINGS) if (await isFile(path + ending)) return ending;
  return undefined;
}

/** How to reach Temporal without a settings file. */
export function temporalWithoutSettings(env: Environment): TemporalSettings {
  return toTemporal({ pipelines: {} }, env);
}

/** What the settings say goes before Temporal's environment variables, and those before its configuration file. */
function toTemporal(config: KeylaneConfig, env: Environment): TemporalSettings {
  const { address, namespace, taskQueue = DEFAULTS.taskQueue } = config.temporal ?? {};
  const found = environmentNames(env);
  const deployment = toDeployment(config, env);
  return {
    address: address ?? found.address,
    namespace: namespace ?? found.namespace,
    taskQueue,
    ...(deployment === undefined ? {} : { deployment }),
  };
}

function toDeployment(config: KeylaneConfig, env: Environment): DeploymentSettings | undefined {
  const found = environmentDeployment(env);
  const { name = found.name, buildId = found.buildId } = config.temporal?.deployment ?? {};
  return name === undefined ? undefined : { name, buildId };
}
