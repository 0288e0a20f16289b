import { CancellationScope, defineQuery, defineSignal, defineUpdate, setHandler } from '@temporalio/workflow';
import { QUERIES, SIGNALS, VERBS } from '../../contracts/names.ts';
import type { LaneEvent } from '../../contracts/event/event.ts';
import type { Decision } from '../../contracts/lane/decision.ts';
import type { LaneInput } from '../../contracts/lane/messages.ts';
import { parseLaneInput, parseRecords } from '../../contracts/lane/parse.ts';
import type { LaneView } from '../../contracts/lane/view.ts';
import type { BacklogView } from '../../contracts/lane/waiting.ts';
import type { RunSnapshot } from '../../contracts/run.ts';
import { INTERNAL, VERB_DESCRIPTIONS } from '../shared/descriptions.ts';
import { LaneHost } from './host.ts';
import { readVerb, readWindow } from '../shared/parsing.ts';
import { rejectionFailure } from '../shared/rejection.ts';
import { onSignal } from '../shared/signals.ts';
import type { LaneSnapshot } from './snapshot.ts';

/** One key's lane, in a workflow of its own. Started by the first event of the key, ended when it is idle. */
export async function lane(input: LaneInput): Promise<void> {
  const host = new LaneHost(parseLaneInput(input));
  // All handlers stand before the first await: what arrived before is delivered now, in order.
  setHandler(defineQuery<LaneView>(QUERIES.lane), () => host.view(), {
    description: 'State, head with its data, failure, what waits, last decisions.',
  });
  setHandler(defineQuery<BacklogView, [unknown]>(QUERIES.backlog), (window) => host.backlog(readWindow(window)), {
    description: 'What waits, in pages. Input, optional: {"skip": 0, "limit": 100}.',
  });
  setHandler(defineQuery<RunSnapshot<LaneSnapshot>>(QUERIES.runSnapshot), () => host.snapshot(), {
    description: INTERNAL,
  });
  setHandler(defineQuery<readonly LaneEvent[], [unknown]>(QUERIES.snapshotPage), (from) => host.snapshotPage(from), {
    description: INTERNAL,
  });
  onSignal(host, SIGNALS.records, {
    description: INTERNAL,
    parse: parseRecords,
    take: (signal) => host.accept(signal),
  });
  for (const name of VERBS) {
    const description = VERB_DESCRIPTIONS[name];
    setHandler(defineSignal<[unknown]>(name), (args) => host.signalVerb(readVerb(name, args)), { description });
    setHandler(defineUpdate<Decision, [unknown]>(name), (args) => host.updateVerb(readVerb(name, args)), {
      description,
      validator: (args) => {
        const rejected = host.objection(readVerb(name, args));
        if (rejected !== undefined) throw rejectionFailure(name, rejected);
      },
    });
  }
  CancellationScope.current().cancelRequested.catch(() => host.drain());
  await CancellationScope.nonCancellable(() => host.run());
}
