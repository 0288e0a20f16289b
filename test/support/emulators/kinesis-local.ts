import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { freePort, type Server, startServer } from '../../../demo/server-process.ts';
import { EMULATOR_REGION } from './credentials.ts';

const TRANSITIONS = ['CREATE_STREAM', 'DELETE_STREAM', 'SPLIT_SHARD', 'MERGE_SHARDS', 'UPDATE_SHARD_COUNT'];

/** kinesis-local (kinesis-mock): the emulator that is nearest to AWS, and slow: 2,000 records a second. */
export async function startKinesisLocal({ shardLimit = 50, transitionMs = 50 } = {}): Promise<Server> {
  const main = createRequire(import.meta.url).resolve('kinesis-local');
  const port = await freePort();
  return startServer({
    name: 'kinesis-local',
    command: process.execPath,
    args: [main],
    port,
    env: {
      ...Object.fromEntries(TRANSITIONS.map((name) => [`${name}_DURATION`, `${transitionMs}ms`])),
      // It opens a port with TLS in any case, and looks for the certificate in the working directory.
      KINESIS_MOCK_CERT_PATH: join(dirname(main), 'server.json'),
      KINESIS_MOCK_TLS_PORT: String(await freePort()),
      KINESIS_MOCK_PLAIN_PORT: String(port),
      SHARD_LIMIT: String(shardLimit),
      AWS_REGION: EMULATOR_REGION,
      LOG_LEVEL: 'ERROR',
    },
  });
}
