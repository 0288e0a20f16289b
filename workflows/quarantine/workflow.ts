import { CancellationScope, defineQuery, defineSignal, defineUpdate, setHandler } from '@temporalio/workflow';
import { QUERIES, SIGNALS } from '../../contracts/names.ts';
import { QUARANTINE_VERBS, type QuarantineDecision } from '../../contracts/quarantine/decision.ts';
import type { QuarantinedRecord } from '../../contracts/quarantine/record.ts';
import type { QuarantineInput } from '../../contracts/quarantine/messages.ts';
import { parseQuarantineInput, parseQuarantineRecords } from '../../contracts/quarantine/parse.ts';
import type { QuarantineView } from '../../contracts/quarantine/view.ts';
import type { QuarantineState } from '../../contracts/quarantine/state.ts';
import type { RunSnapshot } from '../../contracts/run.ts';
import { INTERNAL, QUARANTINE_DESCRIPTIONS } from '../shared/descriptions.ts';
import { rejectionFailure } from '../shared/rejection.ts';
import { onSignal } from '../shared/signals.ts';
import { QuarantineHost } from './host.ts';
import { readQuarantineVerb } from './verbs/parse.ts';

/** Keeps the records of a pipeline that have no usable key, each once, until a person decides (O5, O6, O8). */
export async function quarantine(input: QuarantineInput): Promise<void> {
  const host = new QuarantineHost(parseQuarantineInput(input));
  setHandler(defineQuery<QuarantineView>(QUERIES.quarantine), () => host.view(), {
    description: 'How many records it has, the latest of them, and the last decisions.',
  });
  setHandler(defineQuery<number>(QUERIES.quarantined), () => host.count, { description: INTERNAL });
  setHandler(defineQuery<RunSnapshot<QuarantineState>>(QUERIES.runSnapshot), () => host.snapshot(), {
    description: INTERNAL,
  });
  setHandler(
    defineQuery<readonly QuarantinedRecord[], [unknown]>(QUERIES.snapshotPage),
    (from) => host.snapshotPage(from),
    { description: INTERNAL },
  );
  onSignal(host, SIGNALS.records, {
    description: INTERNAL,
    parse: parseQuarantineRecords,
    take: (signal) => host.accept(signal),
  });
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
          const rejected = host.objection(readQuarantineVerb(name, args));
          if (rejected !== undefined) throw rejectionFailure(name, rejected);
        },
      },
    );
  }
  // A cancel from outside must not drop what it holds (O5).
  await CancellationScope.nonCancellable(() => host.run());
}
