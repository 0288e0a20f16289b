import { userInfo } from 'node:os';
import { InvalidArgumentError, Option, type Command } from 'commander';
import { durationMs } from '../../contracts/public/duration.ts';
import type { VerbArgs } from '../../contracts/lane/decision.ts';
import type { VerbName } from '../../contracts/names.ts';
import type { NewDataArgs } from '../../contracts/event/new-data.ts';
import { visibleName } from '../../lib/pure/visible.ts';
import { decideAll, type BulkResult, type KeyTarget } from '../../operations/decisions/decide-all.ts';
import { decisionsDocument } from '../../operations/documents/decisions.ts';
import { exitCodeOf, FailedAgainError, messageOf, NotConfirmedError, SomeFailedError, UsageError } from '../errors.ts';
import type { Io } from '../io.ts';
import { renderDecision } from '../render/decision.ts';
import { errorJson } from '../render/json.ts';
import { renderOutcome } from '../render/outcome.ts';
import { printable } from '../render/text.ts';
import { withSession, type Session } from '../session.ts';
import { targetOption } from '../target.ts';
import { countWanted, wanted, type WantedOptions } from '../wanted.ts';

/** Options of every verb. */
export interface VerbOptions extends WantedOptions {
  readonly reason?: string;
  readonly by?: string;
  readonly yes?: boolean;
  readonly json?: boolean;
  /** In ms; false with --no-wait. */
  readonly wait?: number | false;
}

const MAX_NAMES_SHOWN = 10;
const DEFAULT_WAIT_MS = 5000;

/** Adds the options that all verbs have. Verbs that act on a record can be bound to it. */
export function verbOptions(command: Command, bindable: boolean): Command {
  if (bindable) {
    command
      .option('--position <position>', 'act on this record, or do nothing (shown by `keylane show`)')
      .addOption(
        new Option('--wait <duration>', 'how long to wait for the result')
          .argParser(parseWait)
          .default(DEFAULT_WAIT_MS, '5s'),
      )
      .option('--no-wait', 'return as soon as the lane has decided');
  }
  return targetOption(command)
    .option('--reason <text>', 'why; kept with the decision')
    .option('--by <name>', 'who decides (default: the user of the operating system)')
    .option('-y, --yes', 'do not ask before acting on several keys')
    .option('--json', 'print one JSON document');
}

/** Has the lanes of the named keys carry out a verb. */
export async function runVerb(
  verb: VerbName,
  typed: readonly string[],
  options: VerbOptions,
  self: Command,
  io: Io,
  data: NewDataArgs = {},
): Promise<void> {
  const count = countWanted(typed, options);
  if (verb === 'replace' && count > 1) {
    throw new UsageError('replace gives one record new data, so it needs exactly one key.');
  }
  if (count > 1 && options.yes !== true && !io.isInteractive) {
    throw new UsageError(`There is no terminal to confirm on: pass --yes to ${verb} ${count} keys.`);
  }
  await withSession(self, io, async (session) => {
    const targets = await wanted(session, typed, options);
    if (targets.length > 1 && options.yes !== true && !(await isConfirmed(verb, targets, session))) {
      throw new NotConfirmedError();
    }
    const { json = false, wait = false } = options;
    const result = await decideAll(session.client, {
      verb,
      targets,
      args: { ...argsOf(options, io), ...data },
      waitMs: wait === false ? undefined : wait,
      registry: session.registry,
      largeEventsOf: (pipeline) => session.largeEventsOf(pipeline),
      onDecided: (key, decision) => {
        if (!json) io.stdout.write(`${renderDecision(session.nameOf(key), decision, session.style)}\n`);
      },
      onRejected: (_key, error) => io.stderr.write(`${printable(messageOf(error))}\n`),
    });
    if (json) session.print(true, () => decisionsDocument(result, (key) => session.nameOf(key), errorJson), String);
    else printOutcomes(session, result);
    failUnlessResolved(result, targets.length);
  });
}

function printOutcomes(session: Session, { decided }: BulkResult): void {
  for (const { key, outcome } of decided) {
    if (outcome === undefined) continue;
    const name = decided.length === 1 ? '' : `${visibleName(session.nameOf(key))}: `;
    session.io.stdout.write(`  ${name}${renderOutcome(outcome, session.style)}\n`);
  }
}

/** The exit code of several keys is that of the first one for which nothing was changed. */
function failUnlessResolved({ decided, rejected }: BulkResult, all: number): void {
  const [first] = rejected;
  if (first !== undefined) throw new SomeFailedError(all - decided.length, all, exitCodeOf(first.error));
  const failed = decided.filter(({ outcome }) => outcome?.record === 'failed again').length;
  if (failed > 0) throw new FailedAgainError(failed, all);
}

function parseWait(text: string): number {
  const ms = durationMs(text);
  if (ms !== undefined) return ms;
  throw new InvalidArgumentError('It must be a duration such as 500ms, 5s or 2m.');
}

function argsOf(options: VerbOptions, io: Io): VerbArgs {
  const { reason, by = operator(io) } = options;
  return { by, ...(reason === undefined ? {} : { reason }) };
}

/** Who decides, unless --by says so. */
export function operator(io: Io): string {
  try {
    return userInfo().username;
  } catch {
    // A container may run as a user that has no name.
    return io.env['USER'] ?? `uid ${process.getuid?.() ?? 'unknown'}`;
  }
}

async function isConfirmed(verb: VerbName, targets: readonly KeyTarget[], session: Session): Promise<boolean> {
  const names = targets.slice(0, MAX_NAMES_SHOWN).map(({ key }) => visibleName(session.nameOf(key)));
  const more = targets.length > names.length ? ` and ${targets.length - names.length} more` : '';
  return session.io.confirm(`${verb} ${targets.length} keys (${names.join(', ')}${more})?`);
}
