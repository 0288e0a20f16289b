import type { Command } from 'commander';
import { notAPosition, parsePosition } from '../../../contracts/event/position.ts';
import type { QuarantineVerbName } from '../../../contracts/quarantine/decision.ts';
import type { NewDataArgs } from '../../../contracts/event/new-data.ts';
import { quarantineDecisionsDocument } from '../../../operations/documents/quarantine-decision.ts';
import { decideQuarantineAll, type QuarantineSelection } from '../../../operations/quarantine/decide-all.ts';
import { quarantineView } from '../../../operations/quarantine/quarantine-view.ts';
import { messageOf, NotConfirmedError, SomeFailedError, UsageError } from '../../errors.ts';
import { EXIT } from '../../exit-codes.ts';
import type { Io } from '../../io.ts';
import { renderQuarantineDecision } from '../../render/quarantine.ts';
import { printable } from '../../render/text.ts';
import { withSession, type Session } from '../../session.ts';
import { examples } from '../examples.ts';
import { newData, type NewDataOptions } from '../new-data.ts';
import { operator } from '../verb.ts';

interface VerbOptions extends NewDataOptions {
  readonly all?: boolean;
  readonly matching?: string;
  readonly reason?: string;
  readonly by?: string;
  readonly yes?: boolean;
  readonly json?: boolean;
}

export function addVerbCommands(quarantine: Command, io: Io): void {
  const retry = manyCommand(
    quarantine,
    'retry',
    'run the current key function again, and send records that have a key now to their lanes',
    io,
  );
  examples(retry, [
    'keylane quarantine retry --all --reason "the key function knows the new field"',
    'keylane quarantine retry --matching "returned undefined" --pipeline orders',
  ]);
  const skip = manyCommand(quarantine, 'skip', 'drop records for good', io);
  examples(skip, ['keylane quarantine skip shardId-000000000000:4958 --reason "a test record"']);
  const replace = quarantine
    .command('replace')
    .description('give a record new data, and send it to its lane if that data has a key')
    .argument('<position>', 'the record, as `keylane quarantine list` shows it')
    .option('--data <json>', 'the new data, as JSON')
    .option('--file <file>', 'the new data, byte by byte as in this file');
  decisionOptions(replace).action(async (position: string, options: VerbOptions, self: Command) => {
    const data = await newData(options, io);
    await run('replace', [position], options, self, io, data);
  });
  examples(replace, [`keylane quarantine replace shardId-000000000000:4958 --data '{"orderId":"order-42"}'`]);
}

function manyCommand(quarantine: Command, verb: 'retry' | 'skip', description: string, io: Io): Command {
  const command = quarantine
    .command(verb)
    .description(description)
    .argument('[positions...]', 'records, as `keylane quarantine list` shows them')
    .option('--all', 'all records')
    .option('--matching <text>', 'all records whose reason contains this text');
  return decisionOptions(command).action(async (positions: string[], options: VerbOptions, self: Command) =>
    run(verb, positions, options, self, io),
  );
}

function decisionOptions(command: Command): Command {
  return command
    .option('--reason <text>', 'why; kept with the decision')
    .option('--by <name>', 'who decides (default: the user of the operating system)')
    .option('-y, --yes', 'do not ask before acting on several records')
    .option('--json', 'print one JSON document');
}

async function run(
  verb: QuarantineVerbName,
  positions: readonly string[],
  options: VerbOptions,
  self: Command,
  io: Io,
  data: NewDataArgs = {},
): Promise<void> {
  const selection = selectionOf(positions, options);
  const mustConfirm = positions.length !== 1 && options.yes !== true;
  if (mustConfirm && !io.isInteractive) {
    throw new UsageError(`There is no terminal to confirm on: pass --yes to ${verb} several records.`);
  }
  const { by = operator(io), json = false, reason } = options;
  await withSession(self, io, async (session) => {
    const pipeline = await session.onlyPipeline();
    if (mustConfirm && !(await isConfirmed(session, verb, pipeline, selection))) throw new NotConfirmedError();
    const { decisions, resolved, unresolved } = await decideQuarantineAll(session.client, {
      pipeline,
      verb,
      selection,
      by,
      ...(reason === undefined ? {} : { reason }),
      data,
      largeEvents: session.largeEventsOf(pipeline),
      onDecided: (decision) => {
        if (!json) io.stdout.write(`${renderQuarantineDecision(pipeline, decision, session.style)}\n`);
      },
      onRejected: (error) => io.stderr.write(`${printable(messageOf(error))}\n`),
    });
    if (json) session.print(true, () => quarantineDecisionsDocument(pipeline, decisions), String);
    if (unresolved === 0) return;
    const all = Math.max(positions.length, resolved + unresolved);
    throw new SomeFailedError(unresolved, all, EXIT.nothingToDo, 'records');
  });
}

function selectionOf(positions: readonly string[], { all, matching }: VerbOptions): QuarantineSelection {
  const ways = [positions.length > 0, all === true, matching !== undefined].filter(Boolean).length;
  if (ways !== 1) throw new UsageError('Name records by their positions, or pass --all, or --matching TEXT.');
  if (all === true) return { all };
  if (matching !== undefined) return { matching };
  const wrong = positions.find((position) => parsePosition(position) === undefined);
  if (wrong === undefined) return { positions };
  throw new UsageError(`${notAPosition(JSON.stringify(wrong))}, as \`keylane quarantine list\` prints it.`);
}

async function isConfirmed(
  session: Session,
  verb: QuarantineVerbName,
  pipeline: string,
  selection: QuarantineSelection,
): Promise<boolean> {
  const { count } = await quarantineView(session.client, pipeline);
  return session.io.confirm(`${verb} ${describe(selection, count)} in the quarantine of ${pipeline}?`);
}

function describe(selection: QuarantineSelection, count: number): string {
  if ('positions' in selection) return `${selection.positions.length} of the ${count} records`;
  if ('all' in selection) return `all ${count} records`;
  return `those of the ${count} records whose reason contains ${JSON.stringify(selection.matching)}`;
}
