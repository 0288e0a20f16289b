import { InvalidArgumentError, Option, type Command } from 'commander';
import type { Io } from '../io.ts';
import { backlogDocument } from '../../operations/documents/backlog.ts';
import { laneDocument } from '../../operations/documents/lane.ts';
import { pooledKeyDocument } from '../../operations/documents/pooled-key.ts';
import { backlogPage } from '../../operations/lanes/backlog.ts';
import { keyView } from '../../operations/lanes/key-view.ts';
import type { NamedKey } from '../../operations/lanes/named-key.ts';
import { renderBacklog } from '../render/backlog.ts';
import { renderLane } from '../render/lane.ts';
import { renderPooledKey } from '../render/pooled-key.ts';
import { withSession, type Session } from '../session.ts';
import { targetOption } from '../target.ts';
import { theOne, type WantedOptions } from '../wanted.ts';
import { examples } from './examples.ts';

interface ShowOptions extends WantedOptions {
  readonly full?: boolean;
  readonly json?: boolean;
  readonly backlog?: boolean;
  readonly skip: number;
  readonly limit: number;
}

const DEFAULT_LIMIT = 100;

export function addShowCommand(program: Command, io: Io): void {
  const command = targetOption(program.command('show'))
    .description('show one key: state, current record and data, error, queue, last decisions')
    .argument('[key]', 'the key, or pipeline:key')
    .option('--full', 'show all of the data')
    .option('--backlog', 'list all queued events, the head first')
    .addOption(new Option('--skip <count>', 'with --backlog: skip the first events').argParser(wholeNumber).default(0))
    .addOption(
      new Option('--limit <count>', 'with --backlog: maximum number of events')
        .argParser(wholeNumber)
        .default(DEFAULT_LIMIT),
    )
    .option('--json', 'print one JSON document')
    .action(async (typed: string | undefined, options: ShowOptions, self: Command) => {
      await withSession(self, io, async (session) => {
        const { key } = await theOne(session, typed === undefined ? [] : [typed], options);
        await (options.backlog === true ? showBacklog : showKey)(session, key, options);
      });
    });
  examples(command, [
    'keylane show order-42',
    'keylane show orders:order-42',
    'keylane show order-42 --backlog --skip 100',
    'keylane show order-42 --json',
  ]);
}

async function showBacklog(session: Session, key: NamedKey, options: ShowOptions): Promise<void> {
  const { client, io, program, style } = session;
  const page = await backlogPage(client, key.pipeline, key.key, options);
  const name = session.nameOf(key);
  const context = { target: { ...key, name }, program, style, now: io.now(), limit: options.limit };
  session.print(
    options.json,
    () => backlogDocument(page, key, name),
    () => renderBacklog(page, context),
  );
}

async function showKey(session: Session, key: NamedKey, { full = false, json }: ShowOptions): Promise<void> {
  const { client, io, program, registry, style } = session;
  const context = { name: session.nameOf(key), program, style, now: io.now(), full };
  const found = await keyView(client, registry, key);
  session.print(
    json,
    () => ('pool' in found ? pooledKeyDocument(found, context.name) : laneDocument(found, context.name)),
    () => ('pool' in found ? renderPooledKey(found, context) : renderLane(found, context)),
  );
}

function wholeNumber(value: string): number {
  if (!/^\d{1,12}$/.test(value)) throw new InvalidArgumentError('It must be a whole number, 0 or more.');
  return Number(value);
}
