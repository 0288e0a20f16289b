/**
 * Whether this process gets work. Temporal gives the work of a task queue to one version, or shares it between two; all
 * other processes poll in vain, and nothing else would tell.
 *
 * Asks the server now and then, and logs when the answer changes: with what a person types to change it. What the
 * server does not tell changes nothing.
 */
import type { Client } from '@temporalio/client';
import type { Logger } from 'pino';
import type { TemporalSettings } from '../settings/settings.ts';
import { DEFAULT_ADDRESS, DEFAULT_NAMESPACE } from '../temporal/connection.ts';
import { routingOf, shareOf, type Routing, type Version } from '../temporal/routing.ts';

const EVERY_MS = 15_000;

export interface VersionWatchOptions {
  readonly client: Client;
  /** Of this process. */
  readonly version: Version;
  readonly taskQueues: readonly string[];
  readonly temporal: TemporalSettings;
  readonly log: Logger;
  /** @default 15 s */
  readonly everyMs?: number;
}

export class VersionWatch {
  readonly #options: VersionWatchOptions;
  readonly #routings = new Map<string, Routing>();
  readonly #waiting: (() => void)[] = [];
  #timer: NodeJS.Timeout | undefined;
  #told = '';
  #isFailing = false;
  #isStopped = false;

  constructor(options: VersionWatchOptions) {
    this.#options = options;
  }

  /** Looks once before it resolves. */
  async start(): Promise<void> {
    await this.#look();
    const { everyMs = EVERY_MS } = this.#options;
    let looking = Promise.resolve();
    this.#timer = setInterval(() => {
      looking = looking.then(() => this.#look());
    }, everyMs);
    this.#timer.unref();
  }

  stop(): void {
    this.#isStopped = true;
    clearInterval(this.#timer);
  }

  /** Some of the work of each of its task queues goes to this process, or nobody knows. */
  get hasWork(): boolean {
    return this.#idle().length === 0;
  }

  /** Resolves when it has work; never, when that does not come. */
  async untilWork(): Promise<void> {
    if (!this.hasWork) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  async #look(): Promise<void> {
    const { client, taskQueues } = this.#options;
    try {
      for (const queue of taskQueues) this.#routings.set(queue, await routingOf(client, queue));
      this.#isFailing = false;
    } catch (error) {
      if (!this.#isStopped) this.#tellFailure(error);
      return;
    }
    if (this.#isStopped) return;
    this.#tell();
    if (this.hasWork) for (const resolve of this.#waiting.splice(0)) resolve();
  }

  #idle(): readonly (readonly [string, Routing])[] {
    return [...this.#routings].filter(([, routing]) => shareOf(this.#options.version, routing) === 0);
  }

  #tell(): void {
    const { version, log, temporal } = this.#options;
    const idle = this.#idle();
    const shares = [...this.#routings.values()].map((routing) => shareOf(version, routing));
    const state = JSON.stringify([idle, shares]);
    if (state === this.#told) return;
    const isFirst = this.#told === '';
    this.#told = state;
    if (idle.length > 0) {
      const places = idle
        .map(([queue, routing]) => `task queue ${queue} goes to ${nameOf(receiverOf(routing))}`)
        .join(', ');
      const remedy = remedyFor(version, receiverOf(idle[0]![1]), temporal);
      log.warn(version ?? {}, `${capital(nameOf(version))} gets no work: ${places}. ${remedy}`);
      return;
    }
    const share = Math.min(...shares);
    // Without versions that is how it always is.
    if (isFirst && version === undefined && share === 100) return;
    const amount = share === 100 ? 'the work' : `the work of about ${share} % of the keys`;
    log.info(version ?? {}, `${capital(nameOf(version))} gets ${amount}`);
  }

  #tellFailure(error: unknown): void {
    const { version, log } = this.#options;
    // Who does not use versions need not know.
    const level = version === undefined || this.#isFailing ? 'debug' : 'warn';
    this.#isFailing = true;
    log[level]({ err: error }, 'Temporal does not say which version gets the work; it may be another one than this');
  }
}

/** Who gets all of it, or the most. */
function receiverOf({ current, ramping }: Routing): Version {
  return ramping?.percentage === 100 ? ramping.version : current;
}

function nameOf(version: Version): string {
  if (version === undefined) return 'a process without a version';
  return `version ${version.buildId} of deployment ${version.deploymentName}`;
}

/** What makes this version the one that gets the work. */
function remedyFor(version: Version, receiver: Version, temporal: TemporalSettings): string {
  if (version !== undefined)
    return `To hand the work over to it: ${command(version.deploymentName, version, temporal)}`;
  const back = command(receiver?.deploymentName ?? '', undefined, temporal);
  return `Give it a version (temporal.deployment in the settings), or hand the work back to processes without one: ${back}`;
}

function command(deployment: string, version: Version, { address, namespace }: TemporalSettings): string {
  return [
    'temporal worker deployment set-current-version',
    `--deployment-name ${deployment}`,
    version === undefined ? '--unversioned' : `--build-id ${version.buildId}`,
    ...(address === undefined || address === DEFAULT_ADDRESS ? [] : [`--address ${address}`]),
    ...(namespace === undefined || namespace === DEFAULT_NAMESPACE ? [] : [`--namespace ${namespace}`]),
  ].join(' ');
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
