import type { Client } from '@temporalio/client';
import type { Command } from 'commander';
import { MAX_INLINE_BYTES } from '../contracts/event/large-events.ts';
import { poolsOf, type LargeEventsSettings, type Settings } from '../settings/settings.ts';
import { routerOf, type Router } from '../temporal/router.ts';
import { shellWord } from '../lib/pure/shell-word.ts';
import { loadSettings } from '../settings/load.ts';
import { connectClient } from '../temporal/connection.ts';
import { NoSuchPipelineError, UsageError } from './errors.ts';
import type { Io } from './io.ts';
import { keyName, resolveKey } from './key-name.ts';
import type { NamedKey } from '../operations/lanes/named-key.ts';
import { isAtTemporal } from '../operations/pipelines/known-pipelines.ts';
import { jsonText } from './render/json.ts';
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
  /** Of pipelines that the settings do not have: whether Temporal knows them. */
  readonly #others = new Map<string, Promise<boolean>>();
  readonly #routers = new Map<string, Promise<Router | undefined>>();

  constructor(client: Client, io: Io, settings: Settings, options: GlobalOptions) {
    this.client = client;
    this.io = io;
    this.style = styleFor(io.stdout, io.env);
    this.program = programOf(options);
    this.#settings = settings;
    this.#pipelines = [...settings.pipelines.keys()];
    this.chosen = options.pipeline;
  }

  /** The pipelines that the command is about. */
  get pipelines(): readonly string[] {
    return this.chosen === undefined ? this.#pipelines : [this.chosen];
  }

  /** All of the settings. */
  get allPipelines(): readonly string[] {
    return this.#pipelines;
  }

  /** Pools of the pipeline; undefined when each key has a lane of its own. The pipeline says so itself, where there is one. */
  async poolsOf(pipeline: string): Promise<number | undefined> {
    const asked = this.#routers.get(pipeline) ?? routerOf(this.client, pipeline);
    this.#routers.set(pipeline, asked);
    const router = await asked;
    if (router !== undefined) return router.pools;
    const configured = this.#settings.pipelines.get(pipeline);
    return configured && poolsOf(configured.hosting);
  }

  /**
   * A pipeline of the settings, or one that Temporal knows: it may have been renamed or taken out.
   * @throws {NoSuchPipelineError}
   */
  async known(pipeline: string): Promise<string> {
    if (this.#pipelines.includes(pipeline) || (await this.#isOther(pipeline))) return pipeline;
    throw new NoSuchPipelineError(pipeline, this.#pipelines, 'the settings or at Temporal');
  }

  async #isOther(pipeline: string): Promise<boolean> {
    const asked = this.#others.get(pipeline) ?? isAtTemporal(this.client, pipeline);
    this.#others.set(pipeline, asked);
    return await asked;
  }

  /** What becomes of large data of the pipeline. */
  largeEventsOf(pipeline: string): LargeEventsSettings {
    return this.#settings.pipelines.get(pipeline)?.largeEvents ?? { above: MAX_INLINE_BYTES, store: undefined };
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

  async resolve(typed: string): Promise<NamedKey> {
    return await resolveKey(typed, this.#pipelines, this.chosen, (pipeline) => this.#isOther(pipeline));
  }

  nameOf(key: NamedKey): string {
    return keyName(key, this.#pipelines);
  }

  /** The one document of --json, or the text for a person. */
  print(json: boolean | undefined, document: () => unknown, text: () => string): void {
    this.io.stdout.write(`${json === true ? jsonText(document()) : text()}\n`);
  }
}

/** Loads the settings, connects, runs, and closes the connection whatever happens. */
export async function withSession(command: Command, io: Io, run: (session: Session) => Promise<void>): Promise<void> {
  const options = command.optsWithGlobals<GlobalOptions>();
  io.reserveStdout?.();
  const settings = await settingsOf(options, io);
  const client = await connectClient(settings.temporal, { timeoutMs: CONNECT_TIMEOUT_MS, env: io.env });
  try {
    const session = new Session(client, io, settings, options);
    if (options.pipeline !== undefined) await session.known(options.pipeline);
    await run(session);
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
