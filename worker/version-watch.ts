/**
 * Watches whether this process gets work. Temporal gives the work of a task queue to one version, or shares it between
 * two; all other processes poll without getting any, and nothing else would show that.
 *
 * Asks the server at intervals, and logs when the answer changes, with the command to change it. A failed request
 * changes nothing.
 */
import type { Client } from '@temporalio/client';
import type { Logger } from 'pino';
import type { TemporalSettings } from '../settings/settings.ts';
import { DEFAULT_ADDRESS, DEFAULT_NAMESPACE } from '../temporal/connection.ts';
import { routingOf, shareOf, type Routing, type Version } from '../temporal/routing.ts';

const EVERY_MS = 15_000;

export interface VersionWatchOptions {
  readonly client: Client;
  /** The version of this process. */
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
  readonly #untilWorkCallbacks: (() => void)[] = [];
  #timer: NodeJS.Timeout | undefined;
  #reported = '';
  #isFailing = false;
  #isStopped = false;

  constructor(options: VersionWatchOptions) {
    this.#options = options;
  }

  /** Resolves after the first check. */
  async start(): Promise<void> {
    await this.#check();
    const { everyMs = EVERY_MS } = this.#options;
    let looking = Promise.resolve();
    this.#timer = setInterval(() => {
      looking = looking.then(() => this.#check());
    }, everyMs);
    this.#timer.unref();
  }

  stop(): void {
    this.#isStopped = true;
    clearInterval(this.#timer);
  }

  /** True when this process gets a share of the work of each of its task queues, or when that is unknown. */
  get hasWork(): boolean {
    return this.#idle().length === 0;
  }

  /** Resolves when the process gets work. */
  async untilWork(): Promise<void> {
    if (!this.hasWork) await new Promise<void>((resolve) => this.#untilWorkCallbacks.push(resolve));
  }

  async #check(): Promise<void> {
    const { client, taskQueues } = this.#options;
    try {
      for (const queue of taskQueues) this.#routings.set(queue, await routingOf(client, queue));
      this.#isFailing = false;
    } catch (error) {
      if (!this.#isStopped) this.#reportFailure(error);
      return;
    }
    if (this.#isStopped) return;
    this.#report();
    if (this.hasWork) for (const resolve of this.#untilWorkCallbacks.splice(0)) resolve();
  }

  #idle(): readonly (readonly [string, Routing])[] {
    return [...this.#routings].filter(([, routing]) => shareOf(this.#options.version, routing) === 0);
  }

  #report(): void {
    const { version, log, temporal } = this.#options;
    const idle = this.#idle();
    const shares = [...this.#routings.values()].map((routing) => shareOf(version, routing));
    const state = JSON.stringify([idle, shares]);
    if (state === this.#reported) return;
    const isFirst = this.#reported === '';
    this.#reported = state;
    if (idle.length > 0) {
      const places = idle
        .map(([queue, routing]) => `task queue ${queue} goes to ${nameOf(receiverOf(routing))}`)
        .join(', ');
      const remedy = remedyFor(version, receiverOf(idle[0]![1]), temporal);
      log.warn(version ?? {}, `${capital(nameOf(version))} gets no work: ${places}. ${remedy}`);
      return;
    }
    const share = Math.min(...shares);
    // Without versions that is always so.
    if (isFirst && version === undefined && share === 100) return;
    const amount = share === 100 ? 'the work' : `the work of about ${share} % of the keys`;
    log.info(version ?? {}, `${capital(nameOf(version))} gets ${amount}`);
  }

  #reportFailure(error: unknown): void {
    const { version, log } = this.#options;
    // Without versions this is not important.
    const level = version === undefined || this.#isFailing ? 'debug' : 'warn';
    this.#isFailing = true;
    log[level]({ err: error }, 'Could not find out which version gets the work; it may not be this one');
  }
}

/** The version that gets all of the work, or most of it. */
function receiverOf({ current, ramping }: Routing): Version {
  return ramping?.percentage === 100 ? ramping.version : current;
}

function nameOf(version: Version): string {
  if (version === undefined) return 'a process without a version';
  return `version ${version.buildId} of deployment ${version.deploymentName}`;
}

/** The command that gives the work to this version. */
function remedyFor(version: Version, receiver: Version, temporal: TemporalSettings): string {
  if (version !== undefined) return `To give it the work: ${command(version.deploymentName, version, temporal)}`;
  const back = command(receiver?.deploymentName ?? '', undefined, temporal);
  return `Give it a version (temporal.deployment in the settings), or give the work back to processes without one: ${back}`;
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
