import { InvalidArgumentError, Option, type Command } from 'commander';
import type { Io } from '../io.ts';
import { backlogPage } from '../../operations/lanes/backlog.ts';
import type { NamedKey } from '../../operations/lanes/named-key.ts';
import { laneView, type ObservedLane } from '../../operations/lanes/lane-view.ts';
import { pooledKeyView, type ObservedPooledKey } from '../../operations/pools/pooled-key.ts';
import { backlogJson, renderBacklog } from '../render/backlog.ts';
import { laneJson, pooledKeyJson } from '../render/json.ts';
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

const PAGE = 100;

/** The lane of a key, or what its pool says when it has none of its own. */
async function laneOrPool(session: Session, { key, pipeline }: NamedKey): Promise<ObservedLane | ObservedPooledKey> {
  const { client } = session;
  const pools = await session.poolsOf(pipeline);
  if (pools === undefined) return await laneView(client, pipeline, key);
  const pooled = await pooledKeyView(client, { pipeline, key, pools });
  return pooled.view.where === 'pool' ? pooled : await laneView(client, pipeline, key);
}

export function addShowCommand(program: Command, io: Io): void {
  const command = targetOption(program.command('show'))
    .description('one lane: state, head with its data, failure, what waits, last decisions')
    .argument('[key]', 'the key, or pipeline:key')
    .option('--full', 'show all of the data')
    .option('--backlog', 'list what waits, the head first, wherever it is kept')
    .addOption(
      new Option('--skip <count>', 'with --backlog: leave out the first ones').argParser(wholeNumber).default(0),
    )
    .addOption(new Option('--limit <count>', 'with --backlog: list so many').argParser(wholeNumber).default(PAGE))
    .option('--json', 'print one JSON document')
    .action(async (typed: string | undefined, options: ShowOptions, self: Command) => {
      await withSession(self, io, async (session) => {
        const { key: named } = await theOne(session, typed === undefined ? [] : [typed], options);
        if (options.backlog === true) {
          const page = await backlogPage(session.client, named.pipeline, named.key, options);
          const { program: called, style } = session;
          const target = { ...named, name: session.nameOf(named) };
          const context = { target, program: called, style, now: io.now(), limit: options.limit };
          session.print(
            options.json,
            () => backlogJson(page),
            () => renderBacklog(page, context),
          );
          return;
        }
        const name = session.nameOf(named);
        const { program: called, style } = session;
        const lane = await laneOrPool(session, named);
        if ('pool' in lane) {
          session.print(
            options.json,
            () => pooledKeyJson(lane, name),
            () => renderPooledKey(lane, { name, style, now: io.now() }),
          );
          return;
        }
        session.print(
          options.json,
          () => laneJson(lane, name),
          () => renderLane(lane, { name, program: called, style, now: io.now(), full: options.full === true }),
        );
      });
    });
  examples(command, [
    'keylane show order-42',
    'keylane show orders:order-42',
    'keylane show order-42 --backlog --skip 100',
    'keylane show order-42 --json',
  ]);
}

function wholeNumber(value: string): number {
  if (!/^\d{1,12}$/.test(value)) throw new InvalidArgumentError('It must be a whole number, 0 or more.');
  return Number(value);
}
