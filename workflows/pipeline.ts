import { ApplicationFailure, CancellationScope, defineQuery, defineUpdate, setHandler } from '@temporalio/workflow';
import { QUERIES } from '../contracts/names.ts';
import {
  PIPELINE_UPDATES,
  type PipelineCommandArgs,
  type PipelineConfiguration,
  type PipelineInput,
  type PipelineView,
} from '../contracts/pipeline.ts';
import { PipelineHost } from './pipeline/host.ts';

/** One source, its lineage and its readers. Long-lived: it never ends by itself. */
export async function pipeline(input: PipelineInput): Promise<void> {
  const host = new PipelineHost(input);
  setHandler(defineQuery<PipelineView>(QUERIES.pipeline), () => host.view());
  // The Temporal UI sends no argument unless one is typed.
  setHandler(defineUpdate<void, [PipelineCommandArgs | null | undefined]>(PIPELINE_UPDATES.pause), (args) => {
    host.pause(args ?? {});
  });
  setHandler(defineUpdate<void>(PIPELINE_UPDATES.resume), () => host.resume());
  setHandler(
    defineUpdate<void, [PipelineConfiguration]>(PIPELINE_UPDATES.configure),
    (configuration) => host.configure(configuration),
    {
      validator: (configuration: Partial<PipelineConfiguration> | null | undefined) => {
        const options = configuration?.options ?? {};
        const missing = Object.keys(input.options).filter((name) => !Number.isFinite(options[name as never]));
        if (missing.length > 0) throw ApplicationFailure.nonRetryable(`Not a configuration: no ${missing.join(', ')}`);
      },
    },
  );
  // A cancel from outside must not end it with its readers out (O4).
  await CancellationScope.nonCancellable(() => host.run());
}
