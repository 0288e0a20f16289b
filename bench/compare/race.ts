/**
 * One contender on one load: a new server, the contender in a process of its own, and what both have used from the first
 * record read to the last handler done.
 */
import type { HistoryFigures } from './history-figures.ts';
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Backend, Counted, RunningBackend } from './backends/backend.ts';
import type { ContenderName } from './contenders/names.ts';
import type { Load } from './load.ts';
import type { ChildMessage, ChildResult, Entry } from './messages.ts';
import { cpuSeconds, peakMemory } from './usage.ts';

export interface Used {
  /** CPU seconds. */
  readonly cpu: number;
  /** Bytes. */
  readonly peakMemory: number;
}

export interface RaceResult extends ChildResult {
  readonly server: Used;
  readonly ours: Used;
  /** What the server has counted of its own work; absent where it counts nothing. */
  readonly counted?: Counted;
  readonly history?: HistoryFigures;
}

export interface RaceOptions {
  readonly contender: ContenderName;
  readonly load: Load;
  readonly stream: string;
  readonly backend: Backend;
  /** Called when the contender starts; for loads that are written meanwhile. */
  readonly meanwhile?: (progress: Progress) => Promise<unknown>;
}

export interface Progress {
  readonly handled: number;
}

/** Nothing was handled for so long. */
const STALLED_MS = 120_000;
const STOP_MS = 60_000;

/** Thrown when a contender lost an event, did one twice or out of order, or came to a standstill. */
export class DisqualifiedError extends Error {
  override readonly name = 'DisqualifiedError';
}

export async function race(options: RaceOptions): Promise<RaceResult> {
  const { contender, load, stream, backend } = options;
  const server = await startOf(backend);
  try {
    const child = new Child({ contender, load, stream, address: server.address }, backend.node);
    try {
      const meanwhile = options.meanwhile?.(child) ?? Promise.resolve();
      const failed = Promise.race([child.failed, meanwhile.then(async () => await child.failed)]);
      failed.catch(() => {});
      await Promise.race([child.begun, failed]);
      const before = {
        server: await cpuSeconds(server.pids),
        ours: await cpuSeconds([child.pid]),
        counted: await server.count(),
      };
      await Promise.race([Promise.all([child.finished, meanwhile]), failed]);
      const counted = await server.count();
      const used = {
        server: { cpu: (await cpuSeconds(server.pids)) - before.server, peakMemory: await peakMemory(server.pids) },
        ours: { cpu: (await cpuSeconds([child.pid])) - before.ours, peakMemory: await peakMemory([child.pid]) },
      };
      const result = await child.stop();
      check(result, options);
      const history = await server.history();
      return {
        ...result,
        ...used,
        ...(counted === undefined || before.counted === undefined
          ? {}
          : { counted: difference(before.counted, counted) }),
        ...(history === undefined ? {} : { history }),
      };
    } finally {
      child.kill();
    }
  } finally {
    await server.stop();
  }
}

/** A server that crashes as it starts says nothing of a contender, and shall not take the figures of half an hour with it. */
async function startOf(backend: Backend): Promise<RunningBackend> {
  try {
    return await backend.start();
  } catch (error) {
    process.stderr.write(`The server did not start, once more: ${String(error)}\n`);
    return await backend.start();
  }
}

function check({ handled, total, deviations }: ChildResult, { contender, load }: RaceOptions): void {
  if (deviations.length > 0) throw new DisqualifiedError(`${contender}, ${load.title}: ${deviations.join('; ')}`);
  if (handled !== total) throw new DisqualifiedError(`${contender}, ${load.title}: ${handled} handled of ${total}`);
}

function difference(before: Counted, after: Counted): Counted {
  return {
    persistenceOperations: after.persistenceOperations - before.persistenceOperations,
    heartbeats: after.heartbeats - before.heartbeats,
  };
}

class Child implements Progress {
  readonly #process: ChildProcess;
  readonly begun: Promise<void>;
  readonly finished: Promise<void>;
  readonly failed: Promise<never>;
  readonly #result: Promise<ChildResult>;
  handled = 0;

  constructor(entry: Entry, node: string) {
    const module = fileURLToPath(new URL('child.js', import.meta.url));
    this.#process = fork(module, [JSON.stringify(entry)], {
      execPath: node,
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      serialization: 'advanced',
      // Restate's SDK tells of each invocation otherwise, which would cost it half of its speed.
      env: { ...process.env, RESTATE_LOGGING: 'ERROR' },
    });
    this.begun = this.#told('begun').then(() => undefined);
    this.finished = this.#told('finished').then(() => undefined);
    this.#result = this.#told('result').then(({ result }) => result);
    const name = `${entry.contender}, ${entry.load.title}`;
    this.failed = Promise.race([this.#ended(name), this.#stalled(name)]);
    for (const promise of [this.begun, this.finished, this.failed, this.#result]) promise.catch(() => {});
  }

  get pid(): number {
    return this.#process.pid as number;
  }

  async stop(): Promise<ChildResult> {
    this.#process.send('stop');
    const late = delay(STOP_MS, undefined, { ref: false }).then(() => {
      throw new DisqualifiedError('It does not stop');
    });
    const result = await Promise.race([this.#result, this.failed, late]);
    if (this.#process.exitCode === null) await once(this.#process, 'exit');
    return result;
  }

  kill(): void {
    this.#process.kill('SIGKILL');
  }

  #told<K extends ChildMessage['kind']>(kind: K): Promise<ChildMessage & { readonly kind: K }> {
    return new Promise((resolve) => {
      this.#process.on('message', (message: ChildMessage) => {
        if (message.kind === kind) resolve(message as ChildMessage & { readonly kind: K });
      });
    });
  }

  async #ended(name: string): Promise<never> {
    const [code, signal] = (await once(this.#process, 'exit')) as [number | null, string | null];
    throw new DisqualifiedError(`${name}: the process ended with ${signal ?? code}`);
  }

  async #stalled(name: string): Promise<never> {
    let since = Date.now();
    this.#process.on('message', (message: ChildMessage) => {
      if (message.kind !== 'progress' || message.handled === this.handled) return;
      this.handled = message.handled;
      since = Date.now();
    });
    for (;;) {
      await delay(1000, undefined, { ref: false });
      if (Date.now() - since > STALLED_MS)
        throw new DisqualifiedError(`${name}: stands still at ${this.handled} events`);
    }
  }
}
