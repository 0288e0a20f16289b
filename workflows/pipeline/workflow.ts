import { CancellationScope, defineQuery, defineUpdate, setHandler } from '@temporalio/workflow';
import { QUERIES } from '../../contracts/names.ts';
import { PIPELINE_UPDATES, type PipelineCommandArgs, type PipelineInput } from '../../contracts/pipeline/messages.ts';
import { parsePipelineConfiguration, parsePipelineInput } from '../../contracts/pipeline/parse.ts';
import type { PipelineView } from '../../contracts/pipeline/view.ts';
import { rejection } from '../../contracts/rejection.ts';
import { INTERNAL } from '../shared/descriptions.ts';
import { readVerb } from '../shared/parsing.ts';
import { rejectionFailure } from '../shared/rejection.ts';
import { PipelineHost } from './host.ts';

function readCommand(value: unknown): { readonly args: PipelineCommandArgs; readonly problem?: string } {
  const { args, problem } = readVerb('pause', value);
  const { by, reason } = args;
  return {
    args: { ...(by === undefined ? {} : { by }), ...(reason === undefined ? {} : { reason }) },
    ...(problem === undefined ? {} : { problem }),
  };
}

/** One source, its lineage and its readers. Long-lived: it never ends by itself. */
export async function pipeline(input: PipelineInput): Promise<void> {
  const host = new PipelineHost(parsePipelineInput(input));
  setHandler(defineQuery<PipelineView>(QUERIES.pipeline), () => host.view(), {
    description: 'What it reads, how far it has come, and its readers.',
  });
  setHandler(defineUpdate<void, [unknown]>(PIPELINE_UPDATES.pause), (args) => host.pause(readCommand(args).args), {
    description: 'Stops reading; lanes go on. Input, optional: {"by": who decides, "reason": why}.',
    // Anybody can send anything from the Temporal UI, and what it says is shown.
    validator: (args) => {
      const { problem } = readCommand(args);
      if (problem !== undefined) throw rejectionFailure('pause', rejection('invalid-argument', problem));
    },
  });
  setHandler(defineUpdate<void>(PIPELINE_UPDATES.resume), () => host.resume(), {
    description: 'Lets reading go on where it was. Needs no input.',
  });
  setHandler(
    defineUpdate<void, [unknown]>(PIPELINE_UPDATES.configure),
    (given) => {
      const configuration = parsePipelineConfiguration(given);
      // The validator has refused any other.
      if ('value' in configuration) host.configure(configuration.value);
    },
    {
      description: INTERNAL,
      validator: (given) => {
        const configuration = parsePipelineConfiguration(given);
        if ('problem' in configuration) {
          throw rejectionFailure('configure', rejection('invalid-argument', configuration.problem));
        }
      },
    },
  );
  // A cancel from outside must not end it with its readers out (O4).
  await CancellationScope.nonCancellable(() => host.run());
}
