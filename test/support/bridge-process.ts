import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { LargeEventsConfig } from '../../contracts/public/store-config.ts';
import type { Hosting } from './hostings.ts';
import type { Limits } from './settings.ts';

export interface BridgeSetup {
  readonly address: string;
  readonly namespace: string;
  readonly taskQueue: string;
  readonly pipeline: string;
  readonly stream: string;
  readonly endpoint: string;
  readonly limits: Limits;
  /** @default own */
  readonly hosting?: Hosting;
  readonly largeEvents?: LargeEventsConfig;
}

const FIXTURE = fileURLToPath(new URL('bridge.fixture.ts', import.meta.url));

/** A bridge that runs in a process of its own. */
export class BridgeProcess {
  /** What it has logged. */
  output = '';
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown>;

  private constructor(child: ChildProcess) {
    this.#child = child;
    this.#ended = once(child, 'close');
    child.stderr?.on('data', (chunk: Buffer) => (this.output += chunk.toString()));
  }

  /** Resolves when it reads. */
  static async start(setup: BridgeSetup): Promise<BridgeProcess> {
    const args = ['--import', import.meta.resolve('jiti/register'), FIXTURE, JSON.stringify(setup)];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    const bridge = new BridgeProcess(child);
    const died = bridge.#ended.then(() => {
      throw new Error(`The bridge ended before it was ready:\n${bridge.output}`);
    });
    await Promise.race([once(createInterface(child.stdout), 'line'), died]);
    died.catch(() => {});
    return bridge;
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Ends it, however it is. */
  async kill(): Promise<void> {
    this.signal('SIGKILL');
    await this.#ended;
  }

  /** Stops it in order. */
  async stop(): Promise<void> {
    this.signal('SIGTERM');
    await this.#ended;
  }
}
