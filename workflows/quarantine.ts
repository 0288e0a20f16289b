import { CancellationScope, defineQuery, defineSignal, defineUpdate, log, setHandler } from '@temporalio/workflow';
import { QUERIES, SIGNALS } from '../contracts/names.ts';
import {
  QUARANTINE_VERBS,
  type QuarantineDecision,
  type QuarantinedRecord,
  type QuarantineInput,
  type QuarantineView,
} from '../contracts/quarantine.ts';
import type { QuarantineRemains } from '../contracts/remains.ts';
import { INTERNAL, QUARANTINE_DESCRIPTIONS } from './descriptions.ts';
import { isQuarantineSignal } from './lane/inputs.ts';
import { refusal } from './lane/refusal.ts';
import { QuarantineHost } from './quarantine/host.ts';
import { readQuarantineVerb } from './quarantine/inputs.ts';

/** Keeps the records of a pipeline that have no usable key, each once, until a person decides (O5, O6, O8). */
export async function quarantine(input: QuarantineInput): Promise<void> {
  const host = new QuarantineHost(input);
  setHandler(defineQuery<QuarantineView>(QUERIES.quarantine), () => host.view(), {
    description: 'How many records it has, the latest of them, and the last decisions.',
  });
  setHandler(defineQuery<number>(QUERIES.quarantined), () => host.count, { description: INTERNAL });
  setHandler(defineQuery<QuarantineRemains>(QUERIES.remains), () => host.remains(), { description: INTERNAL });
  setHandler(defineQuery<readonly QuarantinedRecord[], [unknown]>(QUERIES.tail), (from) => host.tail(from), {
    description: INTERNAL,
  });
  const takeRecords = (signal: unknown): void => {
    host.countSignal();
    if (isQuarantineSignal(signal)) host.accept(signal);
    else log.error('A signal `records` that no bridge can have sent is left out', { signal });
  };
  setHandler(defineSignal<[unknown]>(SIGNALS.records), takeRecords, { description: INTERNAL });
  for (const name of QUARANTINE_VERBS) {
    const description = QUARANTINE_DESCRIPTIONS[name];
    setHandler(defineSignal<[unknown]>(name), (args) => host.signalVerb(readQuarantineVerb(name, args)), {
      description,
    });
    setHandler(
      defineUpdate<QuarantineDecision, [unknown]>(name),
      (args) => host.updateVerb(readQuarantineVerb(name, args)),
      {
        description,
        validator: (args) => {
          const why = host.objection(readQuarantineVerb(name, args));
          if (why !== undefined) throw refusal(name, why);
        },
      },
    );
  }
  // A cancel from outside must not drop what it holds (O5).
  await CancellationScope.nonCancellable(() => host.run());
}
