import process from 'node:process';
import type { TestProject } from 'vitest/node';
import { startDevServer } from '../../worker/temporal-server/dev-server.ts';
import { findTemporalBinary } from '../../worker/temporal-server/find.ts';
import { KEYLANE_SEARCH_ATTRIBUTES } from '../../worker/temporal-server/search-attributes.ts';
import type { TestDevServer } from './dev-server.ts';

/** In seconds: a run is deleted only when the server has noted that its other tasks are done, every 30 unless told otherwise. */
const DYNAMIC_CONFIG = {
  'history.transferProcessorUpdateAckInterval': 1,
  'history.visibilityProcessorUpdateAckInterval': 1,
};
/** What it wrote before it ended by itself, if it does: of the reason, and in all. */
const REASON = /^(?:panic|fatal error|error)\b/i;
const LAST_LINES = 30;

/**
 * One Temporal dev server for the whole run: a server a file would cost two cores more than the tests themselves.
 * @param database a file; in memory when undefined
 */
export async function provideServer(project: TestProject, database?: string): Promise<() => Promise<void>> {
  const binary = await findTemporalBinary({ report: (message) => process.stderr.write(`${message}\n`) });
  const told: string[] = [];
  const lines: string[] = [];
  const server = await startDevServer({
    binary: binary.path,
    headless: true,
    database,
    searchAttributes: KEYLANE_SEARCH_ATTRIBUTES,
    dynamicConfig: DYNAMIC_CONFIG,
    log: (line) => {
      if (REASON.test(line)) told.push(line);
      lines.push(line);
      if (lines.length > LAST_LINES) lines.shift();
    },
  });
  let isStopping = false;
  void server.ended.then(({ code, signal }) => {
    if (isStopping) return;
    const output = [...told.slice(0, LAST_LINES), '…', ...lines].join('\n');
    process.stderr.write(`The Temporal server of the tests has ended by itself, with ${signal ?? code}:\n${output}\n`);
  });
  const { address, namespace } = server;
  project.provide('devServer', { address, namespace, binary: binary.path } satisfies TestDevServer);
  return () => {
    isStopping = true;
    return server.stop();
  };
}
