/** The real host of a pipeline, with each input delivered by the test. */
import { afterAll, expect, test, vi } from 'vitest';
import { DEFAULT_PIPELINE_OPTIONS } from '../../../../contracts/pipeline/options.ts';
import { STREAM_MEMO } from '../../../../contracts/pipeline/stream-identity.ts';
import { PipelineHost } from '../../../../workflows/pipeline/host.ts';
import { newRuntime, restoreClock } from '../../../support/workflow-stand-in/workflow.ts';

vi.mock('@temporalio/workflow', () => import('../../../support/workflow-stand-in/workflow.ts'));
afterAll(restoreClock);

test('a run that continues as new leaves in the memo which stream the pipeline reads: the next may list it late (fault C1)', async () => {
  const runtime = newRuntime();
  const input = { version: 1, pipeline: 'orders', source: 'kinesis:orders', startAt: { at: 'horizon' } } as const;
  const host = new PipelineHost({ ...input, options: DEFAULT_PIPELINE_OPTIONS });
  await runtime.start(() => host.run());
  const stream = { arn: 'arn:aws:kinesis:eu-central-1:1:stream/orders' };
  await runtime.activity('listShards').resolve({ stream, shards: [], retentionMs: 24 * 3_600_000 });
  expect(runtime.memo).toMatchObject({ [STREAM_MEMO]: stream });
  runtime.info['continueAsNewSuggested'] = true;
  await runtime.deliver(() => {});
  expect(runtime.continued).toMatchObject({ pipeline: 'orders' });
  expect(runtime.continuedMemo).toMatchObject({ [STREAM_MEMO]: stream });
});
