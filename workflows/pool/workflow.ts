import { CancellationScope, defineQuery, defineSignal, defineUpdate, setHandler } from '@temporalio/workflow';
import type { Decision } from '../../contracts/lane/decision.ts';
import { QUERIES, SIGNALS } from '../../contracts/names.ts';
import type { PoolEvent, PoolState } from '../../contracts/pool/state.ts';
import type { PoolInput } from '../../contracts/pool/messages.ts';
import type { PoolKeyView, PoolView } from '../../contracts/pool/view.ts';
import type { RunSnapshot } from '../../contracts/run.ts';
import { INTERNAL, VERB_DESCRIPTIONS } from '../shared/descriptions.ts';
import {
  isFinished,
  isLook,
  isPoolSignal,
  isProgress,
  readDecide,
  readPause,
  type KeyVerb,
} from '../shared/parsing.ts';
import { refusal } from '../shared/rejection.ts';
import { PoolHost } from './host.ts';

const DECIDE =
  'A verb for a key that has no lane of its own: it gets one, which keeps the decision. Input: {"key": the key, "verb": one ' +
  'of retry, skip, replace, pause, resume}, and what the verb takes.';
const PAUSE = `${VERB_DESCRIPTIONS.pause} It needs "key" too.`;

/** The lanes of a fixed part of a pipeline's keys, for as long as they are healthy. Never ends by itself. */
export async function pool(input: PoolInput): Promise<void> {
  const host = new PoolHost(input);
  setHandler(defineQuery<PoolView>(QUERIES.pool), () => host.view(), {
    description: 'What waits, how many keys have a lane of their own, and an outage of what handlers need.',
  });
  setHandler(defineQuery<PoolKeyView, [unknown]>(QUERIES.key), (key) => host.key(String(key)), {
    description: 'Where a key is and what waits for it. Input: the key.',
  });
  setHandler(defineQuery<RunSnapshot<PoolState>>(QUERIES.runSnapshot), () => host.snapshot(), {
    description: INTERNAL,
  });
  setHandler(defineQuery<readonly PoolEvent[], [unknown]>(QUERIES.snapshotPage), (from) => host.snapshotPage(from), {
    description: INTERNAL,
  });
  setHandler(
    defineSignal<[unknown]>(SIGNALS.records),
    (signal) => {
      if (isPoolSignal(signal)) host.accept(signal);
      else host.ignore(SIGNALS.records, signal);
    },
    { description: INTERNAL },
  );
  setHandler(
    defineSignal<[unknown]>(SIGNALS.progress),
    (signal) => {
      if (isProgress(signal)) host.progress(signal);
      else host.ignore(SIGNALS.progress, signal);
    },
    { description: INTERNAL },
  );
  setHandler(
    defineSignal<[unknown]>(SIGNALS.finished),
    (signal) => {
      if (isFinished(signal)) host.finished(signal);
      else host.ignore(SIGNALS.finished, signal);
    },
    { description: INTERNAL },
  );
  setHandler(
    defineSignal<[unknown]>(SIGNALS.look),
    (signal) => {
      if (isLook(signal)) host.look(signal);
      else host.ignore(SIGNALS.look, signal);
    },
    { description: 'Begins the lane of a key again when it was terminated. Input: {"key": the key}.' },
  );
  handlePause(host);
  // A cancel from outside must not drop what it holds (O5).
  await CancellationScope.nonCancellable(() => host.run());
}

function handlePause(host: PoolHost): void {
  setHandler(
    defineSignal<[unknown]>('pause'),
    (args) => {
      const pause = readPause(args);
      if ('problem' in pause) host.ignore('pause', args, pause.problem);
      else host.signalPause(pause.key, pause.verb);
    },
    { description: PAUSE },
  );
  handleUpdate(host, { name: 'pause', read: readPause, description: PAUSE });
  handleUpdate(host, { name: 'decide', read: readDecide, description: DECIDE });
}

interface UpdateOfKey {
  readonly name: string;
  readonly description: string;
  readonly read: (args: unknown) => KeyVerb | { readonly problem: string };
}

function handleUpdate(host: PoolHost, { name, description, read }: UpdateOfKey): void {
  const decide = ({ key, verb }: KeyVerb): Promise<Decision> => host.decideOn(key, verb);
  setHandler(defineUpdate<Decision, [unknown]>(name), (args) => decide(read(args) as KeyVerb), {
    description,
    validator: (args) => {
      const asked = read(args);
      if ('problem' in asked) throw refusal(name, asked.problem);
      const why = host.objection(asked.key, asked.verb);
      if (why !== undefined) throw refusal(asked.verb.name, why);
    },
  });
}
