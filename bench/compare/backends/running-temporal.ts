/**
 * What both of Temporal's servers have in common: a folder that goes when they stop, and what they tell of their work.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { historyFigures } from '../history.ts';
import type { Counted, RunningBackend } from './backend.ts';
import { Undo } from './undo.ts';

const MAX_ANSWER_BYTES = 128 * 1024 * 1024;

export interface TemporalServer {
  readonly address: string;
  readonly pids: readonly number[];
  readonly metricsPort: number;
}

/**
 * Starts a server in a folder of its own. What `start` adds to `undo` is undone when it fails, at the end, and on
 * Ctrl-C.
 */
export async function runTemporal(
  start: (folder: string, undo: Undo) => Promise<TemporalServer>,
): Promise<RunningBackend> {
  const undo = await Undo.begin();
  try {
    const folder = await mkdtemp(join(tmpdir(), 'keylane-bench-'));
    undo.add(async () => await rm(folder, { recursive: true, force: true }));
    const { address, pids, metricsPort } = await start(folder, undo);
    return {
      address,
      pids,
      count: async () => await counted(metricsPort),
      history: async () => await historyOf(address),
      stop: async () => await undo.run(),
    };
  } catch (error) {
    await undo.run();
    throw error;
  }
}

async function historyOf(address: string) {
  // A page of history may be larger than what a client takes unless it is told otherwise.
  const channelArgs = { 'grpc.max_receive_message_length': MAX_ANSWER_BYTES };
  const connection = await Connection.connect({ address, channelArgs });
  try {
    return await historyFigures(new Client({ connection }));
  } finally {
    await connection.close();
  }
}

/** Of all services of the server. */
async function counted(port: number): Promise<Counted> {
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  const sum = (metric: string, label = ''): number => {
    const lines = text.split('\n').filter((line) => line.startsWith(`${metric}{`) && line.includes(label));
    return lines.reduce((total, line) => total + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
  };
  return {
    persistenceOperations: sum('persistence_requests'),
    heartbeats: sum('service_requests', 'operation="RecordActivityTaskHeartbeat",service_name="frontend"'),
  };
}
