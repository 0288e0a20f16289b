import { CancellationScope, defineQuery, defineUpdate, setHandler } from '@temporalio/workflow';
import type { Decision } from '../../contracts/lane/decision.ts';
import { QUERIES, SIGNALS } from '../../contracts/names.ts';
import type { PoolEvent, PoolState } from '../../contracts/pool/state.ts';
import type { PoolInput } from '../../contracts/pool/messages.ts';
import {
  parseFinished,
  parseLook,
  parsePoolInput,
  parsePoolRecords,
  parseProgress,
} from '../../contracts/pool/parse.ts';
import type { PoolKeyView, PoolView } from '../../contracts/pool/view.ts';
import type { RunSnapshot } from '../../contracts/run.ts';
import type { Parsed } from '../../lib/pure/shape.ts';
import { rejection } from '../../contracts/rejection.ts';
import { INTERNAL, VERB_DESCRIPTIONS } from '../shared/descriptions.ts';
import { readDecide, readPause, type KeyVerb } from '../shared/parsing.ts';
import { rejectionFailure } from '../shared/rejection.ts';
import { onSignal } from '../shared/signals.ts';
import { PoolHost } from './host.ts';

const DECIDE =
  'A verb for a key that has no lane of its own: it gets one, which keeps the decision. Input: {"key": the key, "verb": one ' +
  'of retry, skip, replace, pause, resume}, and what the verb takes.';
const PAUSE = `${VERB_DESCRIPTIONS.pause} It needs "key" too.`;

/** The lanes of a fixed part of a pipeline's keys, for as long as they are healthy. Never ends by itself. */
export async function pool(input: PoolInput): Promise<void> {
  const host = new PoolHost(parsePoolInput(input));
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
  onSignal(host, SIGNALS.records, {
    description: INTERNAL,
    parse: parsePoolRecords,
    take: (signal) => host.accept(signal),
  });
  onSignal(host, SIGNALS.progress, {
    description: INTERNAL,
    parse: parseProgress,
    take: (signal) => host.progress(signal),
  });
  onSignal(host, SIGNALS.finished, {
    description: INTERNAL,
    parse: parseFinished,
    take: (signal) => host.finished(signal),
  });
  onSignal(host, SIGNALS.look, {
    description: 'Begins the lane of a key again when it was terminated. Input: {"key": the key}.',
    parse: parseLook,
    take: (signal) => host.look(signal),
  });
  handlePause(host);
  // A cancel from outside must not drop what it holds (O5).
  await CancellationScope.nonCancellable(() => host.run());
}

function handlePause(host: PoolHost): void {
  onSignal(host, 'pause', {
    description: PAUSE,
    parse: readPause,
    take: ({ key, verb }) => host.signalPause(key, verb),
  });
  handleUpdate(host, { name: 'pause', read: readPause, description: PAUSE });
  handleUpdate(host, { name: 'decide', read: readDecide, description: DECIDE });
}

interface UpdateOfKey {
  readonly name: string;
  readonly description: string;
  readonly read: (args: unknown) => Parsed<KeyVerb>;
}

function handleUpdate(host: PoolHost, { name, description, read }: UpdateOfKey): void {
  const decide = (args: unknown): Promise<Decision> => {
    const asked = read(args);
    // The validator has refused it before.
    if ('problem' in asked) throw rejectionFailure(name, rejection('invalid-argument', asked.problem));
    return host.decideOn(asked.value.key, asked.value.verb);
  };
  setHandler(defineUpdate<Decision, [unknown]>(name), decide, {
    description,
    validator: (args) => {
      const asked = read(args);
      if ('problem' in asked) throw rejectionFailure(name, rejection('invalid-argument', asked.problem));
      const { key, verb } = asked.value;
      const rejected = host.objection(key, verb);
      if (rejected !== undefined) throw rejectionFailure(verb.name, rejected);
    },
  });
}
