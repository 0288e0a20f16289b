import process from 'node:process';
import { startKinesalite, type KinesaliteOptions } from '../demo/emulator.ts';

/** Runs with kinesalite beside it, which this process and its children take for Kinesis. */
export async function withKinesis<T>(options: KinesaliteOptions, run: () => Promise<T>): Promise<T> {
  const emulator = await startKinesalite(options);
  Object.assign(process.env, {
    AWS_ENDPOINT_URL_KINESIS: emulator.endpoint,
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'bench',
    AWS_SECRET_ACCESS_KEY: 'bench',
  });
  try {
    return await run();
  } finally {
    await emulator.stop();
  }
}
