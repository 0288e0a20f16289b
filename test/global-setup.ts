import process from 'node:process';
import type { TestProject } from 'vitest/node';
import { startDevServer } from '../worker/temporal-server/dev-server.ts';
import { findTemporalBinary } from '../worker/temporal-server/find.ts';
import { KEYLANE_SEARCH_ATTRIBUTES } from '../worker/temporal-server/search-attributes.ts';
import type { TestDevServer } from './support/dev-server.ts';

/** In seconds: a run is deleted only when the server has noted that its other tasks are done, every 30 unless told otherwise. */
const DYNAMIC_CONFIG = {
  'history.transferProcessorUpdateAckInterval': 1,
  'history.visibilityProcessorUpdateAckInterval': 1,
};

/** What it wrote before it ended by itself, if it does. */
const LAST_LINES = 200;

/** One Temporal dev server for the whole run: a server a file would cost two cores more than the tests themselves. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const binary = await findTemporalBinary({ report: (message) => process.stderr.write(`${message}\n`) });
  const lines: string[] = [];
  const server = await startDevServer({
    binary: binary.path,
    headless: true,
    searchAttributes: KEYLANE_SEARCH_ATTRIBUTES,
    dynamicConfig: DYNAMIC_CONFIG,
    log: (line) => {
      lines.push(line);
      if (lines.length > LAST_LINES) lines.shift();
    },
  });
  let isStopping = false;
  void server.ended.then((end) => {
    if (isStopping) return;
    process.stderr.write(`The Temporal server of the tests has ended: ${JSON.stringify(end)}\n${lines.join('\n')}\n`);
  });
  const { address, namespace } = server;
  project.provide('devServer', { address, namespace, binary: binary.path } satisfies TestDevServer);
  return () => {
    isStopping = true;
    return server.stop();
  };
}
