/** Many shards: how soon all of them are read, what an idle one costs, and how far the pipeline's workflow is from limits. */
import { withKinesis } from '../emulator.ts';
import { fillEachShard } from '../reading/stream.ts';
import { measureIdle } from './idle.ts';
import { measurePipeline } from './pipeline.ts';
import { writeReport, type Figures } from './report.ts';
import { measureState } from './state.ts';

const KEYS = 20;

export interface ShardsOptions {
  readonly shards: number;
  readonly write?: boolean;
  readonly json?: boolean;
}

export async function benchShards({ shards, write = false, json = false }: ShardsOptions): Promise<void> {
  await withKinesis({ shardLimit: 2 * shards }, async () => {
    process.stderr.write(`Creating a stream of ${shards} shards\n`);
    await fillEachShard('bench-shards', shards, KEYS);
    process.stderr.write('Polling idle shards\n');
    const idle = await measureIdle('bench-shards', shards);
    process.stderr.write('Running a pipeline\n');
    const pipeline = await measurePipeline('bench-shards', shards);
    const figures: Figures = { pipeline, idle, state: measureState() };
    process.stdout.write(json ? `${JSON.stringify(figures, undefined, 2)}\n` : await writeReport(figures, write));
  });
}
