import type { Client } from '@temporalio/client';
import type { Command } from 'commander';
import { MAX_INLINE_BYTES } from '../contracts/event/large-events.ts';
import { shellWord } from '../lib/pure/shell-word.ts';
import type { NamedKey } from '../operations/lanes/named-key.ts';
import { PipelineRegistry } from '../operations/pipelines/registry.ts';
import { DEFAULTS } from '../settings/defaults.ts';
import { nearestSettingsFile } from '../settings/find.ts';
import { loadSettings, temporalWithoutSettings } from '../settings/load.ts';
import type { LargeEventsSettings, Settings, TemporalSettings } from '../settings/settings.ts';
import { connectClient } from '../temporal/connection.ts';
import { UsageError } from './errors.ts';
import type { Io } from './io.ts';
import { keyName, resolveKey } from './key-name.ts';
import { jsonText } from './render/json.ts';
import { styleFor, type Style } from './render/style.ts';

/** Options of every command. */
export interface GlobalOptions {
  /** False with --no-config. */
  readonly config?: string | false;
  readonly pipeline?: string;
  readonly address?: string;
  readonly namespace?: string;
}

const CONNECT_TIMEOUT_MS = 5000;

/**
 * What a command that inspects or resolves works with: a client, the pipelines, and how keys are named. A settings file is not
 * needed: where there is one, it gives the address and the pipelines that are meant when none is named.
 */
export class Session {
  readonly client: Client;
  readonly io: Io;
  readonly style: Style;
  /** The beginning of a command that is suggested to the operator: it uses the same settings and server as this one. */
  readonly program: string;
  /** The pipeline of --pipeline. */
  readonly chosen: string | undefined;
  readonly registry: PipelineRegistry;
  readonly #settings: Settings | undefined;
  /** Those of the settings. */
  readonly #configured: readonly string[] | undefined;

  constructor(client: Client, io: Io, settings: Settings | undefined, options: GlobalOptions) {
    this.client = client;
    this.io = io;
    this.style = styleFor(io.stdout, io.env);
    this.program = programOf(options);
    this.#settings = settings;
    this.#configured = settings && [...settings.pipelines.keys()];
    this.registry = new PipelineRegistry(client, this.#configured);
    this.chosen = options.pipeline;
  }

  /** The pipelines that the command is about. */
  async pipelines(): Promise<readonly string[]> {
    return this.chosen === undefined ? await this.registry.names() : [this.chosen];
  }

  /** Whether a command that is suggested has to name the pipeline. */
  mustName(pipeline: string): boolean {
    return this.#configured?.length !== 1 || this.#configured[0] !== pipeline;
  }

  /** What becomes of large data of the pipeline. Only the settings know a store. */
  largeEventsOf(pipeline: string): LargeEventsSettings {
    return this.#settings?.pipelines.get(pipeline)?.largeEvents ?? { above: MAX_INLINE_BYTES, store: undefined };
  }

  /** A warning is due when unread records of the pipeline expire sooner than this. */
  warnBeforeMs(pipeline: string): number {
    return this.#settings?.pipelines.get(pipeline)?.reading.warnBeforeMs ?? DEFAULTS.reading.warnBeforeMs;
  }

  /**
   * The one pipeline that is meant.
   * @throws {UsageError} if that is not clear
   */
  async onlyPipeline(): Promise<string> {
    const pipelines = await this.pipelines();
    const [only, ...others] = pipelines;
    if (only !== undefined && others.length === 0) return only;
    const known = pipelines.length === 0 ? 'none was found' : `known: ${pipelines.join(', ')}`;
    throw new UsageError(`Which pipeline? Pass --pipeline NAME (${known}).`);
  }

  async resolve(typed: string): Promise<NamedKey> {
    return await resolveKey(typed, this.registry, this.chosen);
  }

  nameOf(key: NamedKey): string {
    return keyName(key, this.#configured ?? []);
  }

  /** The one document of --json, or the text for a person. */
  print(json: boolean | undefined, document: () => unknown, text: () => string): void {
    this.io.stdout.write(`${json === true ? jsonText(document()) : text()}\n`);
  }
}

/** Connects, runs, and closes the connection whatever happens. */
export async function withSession(command: Command, io: Io, run: (session: Session) => Promise<void>): Promise<void> {
  const options = command.optsWithGlobals<GlobalOptions>();
  io.reserveStdout?.();
  const settings = await settingsIfAny(options, io);
  const temporal = settings?.temporal ?? withOptions(temporalWithoutSettings(io.env), options);
  const client = await connectClient(temporal, { timeoutMs: CONNECT_TIMEOUT_MS, env: io.env });
  try {
    const session = new Session(client, io, settings, options);
    if (options.pipeline !== undefined) await session.registry.known(options.pipeline);
    await run(session);
  } finally {
    await client.connection.close();
  }
}

/** A file that is there is used. It is code, which may need packages that are not there: --no-config does without it. */
async function settingsIfAny(options: GlobalOptions, io: Io): Promise<Settings | undefined> {
  if (options.config === false) return undefined;
  if (options.config === undefined && (await nearestSettingsFile(io.cwd)) === undefined) return undefined;
  return await settingsOf(options, io);
}

/**
 * The settings, with what the command line says instead.
 * @throws {SettingsError} if there is no file
 */
export async function settingsOf(options: GlobalOptions, io: Io): Promise<Settings> {
  const { config } = options;
  if (config === false) throw new UsageError('A process needs a settings file: leave out --no-config.');
  const settings = await loadSettings({
    cwd: io.cwd,
    env: io.env,
    ...(config === undefined ? {} : { file: config }),
  });
  return { ...settings, temporal: withOptions(settings.temporal, options) };
}

function withOptions(temporal: TemporalSettings, { address, namespace }: GlobalOptions): TemporalSettings {
  return { ...temporal, address: address ?? temporal.address, namespace: namespace ?? temporal.namespace };
}

function programOf({ config, address, namespace }: GlobalOptions): string {
  const given = { '--config': config, '--address': address, '--namespace': namespace };
  const flags = Object.entries(given).flatMap(([flag, value]) =>
    typeof value === 'string' ? [flag, shellWord(value)] : [],
  );
  return ['keylane', ...(config === false ? ['--no-config'] : []), ...flags].join(' ');
}
