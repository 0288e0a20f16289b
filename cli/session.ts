import type { Client } from '@temporalio/client';
import type { Command } from 'commander';
import { poolsOf, type Settings } from '../contracts/settings.ts';
import { loadSettings } from '../worker/settings/load.ts';
import { connectClient } from '../worker/temporal/connection.ts';
import { UsageError } from './errors.ts';
import type { Io } from './io.ts';
import { keyName, knownPipeline, resolveKey, type NamedKey } from './key-name.ts';
import { shellWord } from './render/shell.ts';
import { styleFor, type Style } from './render/style.ts';

/** Options of every command. */
export interface GlobalOptions {
  readonly config?: string;
  readonly pipeline?: string;
  readonly address?: string;
  readonly namespace?: string;
}

const CONNECT_TIMEOUT_MS = 5000;

/** What a command works with: the settings, a client, and how keys are named. */
export class Session {
  readonly client: Client;
  readonly io: Io;
  readonly style: Style;
  /** What begins a command that is proposed to the person: the same settings and server as this one. */
  readonly program: string;
  /** The pipeline of --pipeline. */
  readonly chosen: string | undefined;
  readonly #pipelines: readonly string[];
  readonly #settings: Settings;

  constructor(client: Client, io: Io, settings: Settings, options: GlobalOptions) {
    this.client = client;
    this.io = io;
    this.style = styleFor(io.stdout, io.env);
    this.program = programOf(options);
    this.#settings = settings;
    this.#pipelines = [...settings.pipelines.keys()];
    this.chosen = options.pipeline === undefined ? undefined : knownPipeline(options.pipeline, this.#pipelines);
  }

  /** The pipelines that the command is about. */
  get pipelines(): readonly string[] {
    return this.chosen === undefined ? this.#pipelines : [this.chosen];
  }

  /** All of the settings. */
  get allPipelines(): readonly string[] {
    return this.#pipelines;
  }

  /** Pools of the pipeline; undefined when each key has a lane of its own. */
  poolsOf(pipeline: string): number | undefined {
    const hosting = this.#settings.pipelines.get(pipeline)?.hosting;
    return hosting && poolsOf(hosting);
  }

  /** How near to being lost unread records of the pipeline are when a warning is due. */
  warnBeforeMs(pipeline: string): number {
    return this.#settings.pipelines.get(pipeline)?.reading.warnBeforeMs ?? 0;
  }

  /**
   * The one pipeline that is meant.
   * @throws {UsageError} if that is not clear
   */
  onlyPipeline(): string {
    const [only, ...others] = this.pipelines;
    if (only !== undefined && others.length === 0) return only;
    throw new UsageError(`Which pipeline? Give --pipeline NAME; there is ${this.pipelines.join(', ')}.`);
  }

  resolve(typed: string): NamedKey {
    return resolveKey(typed, this.#pipelines, this.chosen);
  }

  nameOf(key: NamedKey): string {
    return keyName(key, this.#pipelines);
  }

  /** The one document of --json, or the text for a person. */
  print(json: boolean | undefined, document: () => unknown, text: () => string): void {
    this.io.stdout.write(`${json === true ? JSON.stringify(document(), undefined, 2) : text()}\n`);
  }
}

/** Loads the settings, connects, runs, and closes the connection whatever happens. */
export async function withSession(command: Command, io: Io, run: (session: Session) => Promise<void>): Promise<void> {
  const options = command.optsWithGlobals<GlobalOptions>();
  const settings = await settingsOf(options, io);
  if (options.pipeline !== undefined) knownPipeline(options.pipeline, [...settings.pipelines.keys()]);
  const client = await connectClient(settings.temporal, { timeoutMs: CONNECT_TIMEOUT_MS, env: io.env });
  try {
    await run(new Session(client, io, settings, options));
  } finally {
    await client.connection.close();
  }
}

/** The settings with what the command line says above them. */
export async function settingsOf(options: GlobalOptions, io: Io): Promise<Settings> {
  const { config, address, namespace } = options;
  const settings = await loadSettings({
    cwd: io.cwd,
    env: io.env,
    ...(config === undefined ? {} : { file: config }),
  });
  const { temporal } = settings;
  return {
    ...settings,
    temporal: {
      ...temporal,
      address: address ?? temporal.address,
      namespace: namespace ?? temporal.namespace,
    },
  };
}

function programOf({ config, address, namespace }: GlobalOptions): string {
  const given = { '--config': config, '--address': address, '--namespace': namespace };
  const flags = Object.entries(given).flatMap(([flag, value]) => (value === undefined ? [] : [flag, shellWord(value)]));
  return ['keylane', ...flags].join(' ');
}
