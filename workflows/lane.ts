import {
  ApplicationFailure,
  CancellationScope,
  defineQuery,
  defineSignal,
  defineUpdate,
  setHandler,
} from '@temporalio/workflow';
import { QUERIES, SIGNALS, VERBS } from '../contracts/names.ts';
import { NOTHING_TO_DECIDE } from '../contracts/lane.ts';
import type { Decision, LaneInput, LaneView, RecordsSignal, VerbArgs } from '../contracts/lane.ts';
import { LaneHost } from './lane/host.ts';

/** One key's lane, in a workflow of its own. Started by the first event of the key, ended when it is idle. */
export async function lane(input: LaneInput): Promise<void> {
  const host = new LaneHost(input);
  // All handlers stand before the first await: what arrived before is delivered now, in order.
  setHandler(defineQuery<LaneView>(QUERIES.lane), () => host.view());
  setHandler(defineSignal<[RecordsSignal]>(SIGNALS.records), (signal) => host.accept(signal));
  for (const name of VERBS) {
    setHandler(defineSignal<[VerbArgs | undefined]>(name), (args) => host.signalVerb({ name, args: args ?? {} }));
    setHandler(
      defineUpdate<Decision, [VerbArgs | undefined]>(name),
      (args) => host.updateVerb({ name, args: args ?? {} }),
      {
        validator: (args) => {
          const why = host.objection({ name, args: args ?? {} });
          if (why !== undefined) throw ApplicationFailure.nonRetryable(`Nothing to ${name}: ${why}`, NOTHING_TO_DECIDE);
        },
      },
    );
  }
  // A lane that is canceled from outside must not drop what it holds (O5).
  await CancellationScope.nonCancellable(() => host.run());
}
