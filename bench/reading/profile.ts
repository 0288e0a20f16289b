import { Session } from 'node:inspector/promises';
import type { Profiler } from 'node:inspector';

/** Where the time of a run went, as shares of its wall-clock time. */
export interface TimeShares {
  /** bridge, sources, contracts */
  readonly ours: number;
  /** The AWS SDK and what it brings. */
  readonly sdk: number;
  /** Node itself, garbage collection, system calls. */
  readonly node: number;
  readonly idle: number;
}

/** Runs under V8's sampling profiler. */
export async function profiled<Result>(run: () => Promise<Result>): Promise<{ result: Result; shares: TimeShares }> {
  const session = new Session();
  session.connect();
  await session.post('Profiler.enable');
  await session.post('Profiler.setSamplingInterval', { interval: 1000 });
  await session.post('Profiler.start');
  const result = await run();
  const { profile } = await session.post('Profiler.stop');
  session.disconnect();
  return { result, shares: sharesOf(profile) };
}

function sharesOf({ nodes, samples = [], timeDeltas = [] }: Profiler.Profile): TimeShares {
  const kinds = new Map(nodes.map((node) => [node.id, kindOf(node.callFrame)]));
  const micros = { ours: 0, sdk: 0, node: 0, idle: 0 };
  for (const [index, id] of samples.entries()) micros[kinds.get(id) ?? 'node'] += timeDeltas[index] ?? 0;
  const all = Object.values(micros).reduce((sum, each) => sum + each, 0) || 1;
  return { ours: micros.ours / all, sdk: micros.sdk / all, node: micros.node / all, idle: micros.idle / all };
}

function kindOf({ functionName, url }: { functionName: string; url: string }): keyof TimeShares {
  if (functionName === '(idle)') return 'idle';
  if (url.includes('/node_modules/')) return 'sdk';
  return url.startsWith('file:') ? 'ours' : 'node';
}
