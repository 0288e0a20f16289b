import { CancellationScope, defineQuery, defineSignal, defineUpdate, log, setHandler } from '@temporalio/workflow';
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
      else log.error('A signal `records` that no bridge can have sent is left out', { signal });
    },
    { description: INTERNAL },
  );
  setHandler(
    defineSignal<[unknown]>(SIGNALS.progress),
    (signal) => {
      if (isProgress(signal)) host.progress(signal);
      else ignored(SIGNALS.progress, signal);
    },
    { description: INTERNAL },
  );
  setHandler(
    defineSignal<[unknown]>(SIGNALS.finished),
    (signal) => {
      if (isFinished(signal)) host.finished(signal);
      else ignored(SIGNALS.finished, signal);
    },
    { description: INTERNAL },
  );
  setHandler(
    defineSignal<[unknown]>(SIGNALS.look),
    (signal) => {
      if (isLook(signal)) host.look(signal);
      else ignored(SIGNALS.look, signal);
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
      if ('problem' in pause) ignored('pause', args, pause.problem);
      else host.signalPause(pause.key, pause.verb);
    },
    { description: PAUSE },
  );
  handleUpdate(host, { name: 'pause', read: readPause, description: PAUSE });
  handleUpdate(host, { name: 'decide', read: readDecide, description: DECIDE });
}

/** One line for each, with what was sent: nothing is released, given back or paused by it. */
function ignored(name: string, signal: unknown, problem?: string): void {
  log.error(`Ignored a malformed \`${name}\` signal`, { signal, ...(problem === undefined ? {} : { problem }) });
}

interface UpdateOfKey {
  readonly name: string;
  readonly description: string;
  readonly read: (args: unknown) => KeyVerb | { readonly problem: string };
}

function handleUpdate(host: PoolHost, { name, description, read }: UpdateOfKey): void {
  const decide = ({ key, verb }: KeyVerb): Promise<Decision> => host.decide(key, verb);
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
