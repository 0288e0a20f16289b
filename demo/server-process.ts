import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

/** A server in a process of its own, which answers at `endpoint`. */
export interface Server {
  readonly endpoint: string;
  /** Kills it and waits until it is gone. */
  stop(): Promise<void>;
}

export interface ServerCommand {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly port: number;
}

const START_TIMEOUT_MS = 60_000;
const POLL_MS = 25;
const OUTPUT_KEPT = 4000;

/** Starts a server and waits until it answers HTTP. */
export async function startServer({ name, command, args, env, cwd, port }: ServerCommand): Promise<Server> {
  const child = spawn(command, args, {
    ...(cwd === undefined ? {} : { cwd }),
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    // A process group of its own: a Ctrl-C in the terminal is for us, who stop things in order.
    detached: true,
  });
  const endpoint = `http://127.0.0.1:${port}`;
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      output = (output + chunk.toString()).slice(-OUTPUT_KEPT);
    });
  }
  let failure: string | undefined;
  child.once('error', (error) => (failure = error.message));
  child.once('exit', (code, signal) => (failure ??= `it ended with ${code ?? signal}`));
  const kill = () => child.kill('SIGKILL');
  process.once('exit', kill);

  const stop = async () => {
    process.off('exit', kill);
    if (failure !== undefined) return;
    const gone = once(child, 'exit');
    // An emulator has nothing to save, and one of them does not always heed SIGTERM.
    kill();
    await gone;
  };
  const deadline = Date.now() + START_TIMEOUT_MS;
  while (!(await answers(endpoint))) {
    if (failure === undefined && Date.now() > deadline) {
      await stop();
      failure = `it did not answer within ${START_TIMEOUT_MS} ms`;
    }
    if (failure !== undefined) throw new Error(`${name} could not be started at ${endpoint}: ${failure}\n${output}`);
    await delay(POLL_MS);
  }
  return { endpoint, stop };
}

/** A port of 127.0.0.1 that nobody listens on at this moment. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

async function answers(endpoint: string): Promise<boolean> {
  try {
    await fetch(endpoint, { signal: AbortSignal.timeout(2000) });
    return true;
  } catch {
    return false;
  }
}
