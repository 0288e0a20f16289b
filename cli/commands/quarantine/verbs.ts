import type { Command } from 'commander';
import { parsePosition } from '../../../contracts/event/position.ts';
import {
  MAX_POSITIONS,
  type QuarantineDecision,
  type QuarantineVerbArgs,
  type QuarantineVerbName,
} from '../../../contracts/quarantine/decision.ts';
import type { NewDataArgs } from '../../../contracts/event/new-data.ts';
import { SomeFailedError, UsageError } from '../../errors.ts';
import { EXIT } from '../../exit-codes.ts';
import type { Io } from '../../io.ts';
import { decideQuarantineWithData } from '../../../operations/decisions/replace.ts';
import { quarantineView } from '../../../operations/quarantine/quarantine-view.ts';
import { quarantineDecisionJson, renderQuarantineDecision } from '../../render/quarantine.ts';
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
    'ask the present key function again, and bring what has a key to its lane',
    io,
  );
  examples(retry, [
    'keylane quarantine retry --all --reason "the key function knows the new field"',
    'keylane quarantine retry --matching "returned undefined" --pipeline orders',
  ]);
  const skip = manyCommand(quarantine, 'skip', 'leave records out for good', io);
  examples(skip, ['keylane quarantine skip shardId-000000000000:4958 --reason "a test record"']);
  const replace = quarantine
    .command('replace')
    .description('give a record other data, and bring it to its lane when that has a key')
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
    .option('--matching <text>', 'all records whose reason has this text in it');
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
  const requests = requestsOf(positions, options);
  const isSeveral = positions.length !== 1;
  if (isSeveral && options.yes !== true && !io.isInteractive) {
    throw new UsageError(`To ${verb} several records without a terminal to ask on, give --yes.`);
  }
  const { by = operator(io), reason } = options;
  const who = { by, ...(reason === undefined ? {} : { reason }) };
  await withSession(self, io, async (session) => {
    const pipeline = session.onlyPipeline();
    if (isSeveral && options.yes !== true && !(await isConfirmed(session, verb, pipeline, positions, options))) {
      throw new Error('Nothing was done.');
    }
    const decisions: QuarantineDecision[] = [];
    for (const request of requests) {
      const verdict = { pipeline, verb, args: { ...request, ...who, ...data } };
      const decision = await decideQuarantineWithData(session.client, verdict, session.largeEventsOf(pipeline));
      decisions.push(decision);
      if (options.json !== true) io.stdout.write(`${renderQuarantineDecision(pipeline, decision, session.style)}\n`);
    }
    if (options.json === true) {
      session.print(true, () => ({ pipeline, decisions: decisions.map(quarantineDecisionJson) }), String);
    }
    failForThoseThatStay(decisions, positions.length);
  });
}

/** A verb names so many positions at the most. */
function requestsOf(positions: readonly string[], { all, matching }: VerbOptions): QuarantineVerbArgs[] {
  const ways = [positions.length > 0, all === true, matching !== undefined].filter(Boolean).length;
  if (ways !== 1) throw new UsageError('Name records by their positions, or give --all, or --matching TEXT.');
  if (all === true) return [{ all }];
  if (matching !== undefined) return [{ matching }];
  const wrong = positions.find((position) => parsePosition(position) === undefined);
  if (wrong !== undefined) {
    throw new UsageError(
      `${JSON.stringify(wrong)} is not a position; one looks like shardId-000000000000:4958...3, as \`keylane quarantine list\` prints it.`,
    );
  }
  const count = Math.ceil(positions.length / MAX_POSITIONS);
  return Array.from({ length: count }, (_, nth) => {
    return { positions: positions.slice(nth * MAX_POSITIONS, (nth + 1) * MAX_POSITIONS) };
  });
}

async function isConfirmed(
  session: Session,
  verb: QuarantineVerbName,
  pipeline: string,
  positions: readonly string[],
  { matching }: VerbOptions,
): Promise<boolean> {
  const { count } = await quarantineView(session.client, pipeline);
  const which = matching === undefined ? 'all' : `those whose reason has ${JSON.stringify(matching)} in it of the`;
  const what = positions.length > 0 ? `${positions.length} of the ${count}` : `${which} ${count}`;
  return session.io.confirm(`${verb} ${what} records in the quarantine of ${pipeline}?`);
}

function failForThoseThatStay(decisions: readonly QuarantineDecision[], named: number): void {
  const decided = decisions.reduce((sum, decision) => sum + decision.decided, 0);
  const kept = decisions.reduce((sum, decision) => sum + decision.kept, 0);
  const left = Math.max(kept, named - decided);
  if (left > 0) throw new SomeFailedError(left, Math.max(named, decided + kept), EXIT.nothingToDecide, 'records');
}
