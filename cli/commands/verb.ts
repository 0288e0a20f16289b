import { userInfo } from 'node:os';
import { InvalidArgumentError, Option, type Command } from 'commander';
import { durationMs } from '../../contracts/public/duration.ts';
import type { VerbArgs } from '../../contracts/lane/decision.ts';
import type { VerbName } from '../../contracts/names.ts';
import type { NewDataArgs } from '../../contracts/event/new-data.ts';
import { visibleName } from '../../lib/pure/visible.ts';
import { exitCodeOf, FailedAgainError, messageOf, SomeFailedError, UsageError } from '../errors.ts';
import { EXIT } from '../exit-codes.ts';
import type { Io } from '../io.ts';
import type { NamedKey } from '../../operations/lanes/named-key.ts';
import { outcomes, type Decided, type Outcome } from '../../operations/decisions/outcome.ts';
import { decideWithData } from '../../operations/decisions/replace.ts';
import { renderDecision } from '../render/decision.ts';
import { decisionJson, errorJson } from '../render/json.ts';
import { renderOutcome } from '../render/outcome.ts';
import { printable } from '../render/text.ts';
import { withSession, type Session } from '../session.ts';
import { targetOption } from '../target.ts';
import { countWanted, wanted, type Wanted, type WantedOptions } from '../wanted.ts';

/** Options of every verb. */
export interface VerbOptions extends WantedOptions {
  readonly reason?: string;
  readonly by?: string;
  readonly yes?: boolean;
  readonly json?: boolean;
  /** ms; false when nothing is to be waited for. */
  readonly wait?: number | false;
}

const NAMES_SHOWN = 10;
const DEFAULT_WAIT_MS = 5000;

/** The options that all verbs have. Those on a record can be bound to it. */
export function verbOptions(command: Command, bindable: boolean): Command {
  if (bindable) {
    command
      .option('--position <position>', 'act on this record or on nothing (shown by `keylane show`)')
      .addOption(
        new Option('--wait <duration>', 'wait so long to say what became of the record')
          .argParser(parseWait)
          .default(DEFAULT_WAIT_MS, '5s'),
      )
      .option('--no-wait', 'come back when the lane has decided');
  }
  return targetOption(command)
    .option('--reason <text>', 'why; kept with the decision')
    .option('--by <name>', 'who decides (default: the user of the operating system)')
    .option('-y, --yes', 'do not ask before acting on several keys')
    .option('--json', 'print one JSON document');
}

/** Has the lanes of these keys carry out a verb, one after the other. */
export async function runVerb(
  verb: VerbName,
  typed: readonly string[],
  options: VerbOptions,
  self: Command,
  io: Io,
  data: NewDataArgs = {},
): Promise<void> {
  const count = countWanted(typed, options);
  if (verb === 'replace' && count > 1)
    throw new UsageError('replace gives one record new data, so it goes with one key.');
  if (count > 1 && options.yes !== true && !io.isInteractive) {
    throw new UsageError(`To ${verb} ${count} keys without a terminal to ask on, give --yes.`);
  }
  await withSession(self, io, async (session) => {
    const keys = await wanted(session, typed, options);
    if (keys.length > 1 && options.yes !== true && !(await isConfirmed(verb, keys, session))) {
      throw new Error('Nothing was done.');
    }
    await decideAll(session, verb, keys, { ...argsOf(options, io), ...data }, options);
  });
}

interface Refused {
  readonly key: NamedKey;
  readonly error: unknown;
}

/** A key that is refused does not keep the others from being decided on; a server that is gone does. */
async function decideAll(
  session: Session,
  verb: VerbName,
  keys: readonly Wanted[],
  args: VerbArgs,
  { json = false, wait = false }: VerbOptions,
): Promise<void> {
  const decided: Decided[] = [];
  const refused: Refused[] = [];
  for (const { key, position } of keys) {
    try {
      const pools = await session.poolsOf(key.pipeline);
      const bound = position === undefined ? args : { ...args, position };
      const verdict = { ...key, verb, args: bound, pools };
      const decision = await decideWithData(session.client, verdict, session.largeEventsOf(key.pipeline));
      decided.push({ key, decision });
      if (!json) session.io.stdout.write(`${renderDecision(session.nameOf(key), decision, session.style)}\n`);
    } catch (error) {
      const code = exitCodeOf(error);
      const goesOn = code === EXIT.notFound || code === EXIT.nothingToDecide;
      if (keys.length === 1 || (!goesOn && decided.length === 0)) throw error;
      session.io.stderr.write(`${printable(messageOf(error))}\n`);
      refused.push({ key, error });
      if (!goesOn) break;
    }
  }
  const until = session.io.now() + (wait === false ? 0 : wait);
  const became = wait === false ? [] : await outcomes(session.client, decided, until);
  if (json) session.print(true, () => documentOf(session, decided, became, refused), String);
  else printOutcomes(session, decided, became);
  const [first] = refused;
  if (first !== undefined)
    throw new SomeFailedError(keys.length - decided.length, keys.length, exitCodeOf(first.error));
  const failed = became.filter((outcome) => outcome?.record === 'failed again').length;
  if (failed > 0) throw new FailedAgainError(failed, keys.length);
}

function printOutcomes(session: Session, decided: readonly Decided[], became: readonly (Outcome | undefined)[]): void {
  for (const [index, outcome] of became.entries()) {
    if (outcome === undefined) continue;
    const text = renderOutcome(outcome, session.style);
    const key = decided[index]?.key;
    const name = decided.length === 1 || key === undefined ? '' : `${visibleName(session.nameOf(key))}: `;
    session.io.stdout.write(`  ${name}${text}\n`);
  }
}

function documentOf(
  session: Session,
  decided: readonly Decided[],
  became: readonly (Outcome | undefined)[],
  refused: readonly Refused[],
) {
  return {
    decisions: decided.map(({ key, decision }, index) => {
      const outcome = became[index];
      const now = outcome === undefined ? {} : { outcome };
      return { name: session.nameOf(key), ...key, decision: decisionJson(decision), ...now };
    }),
    refused: refused.map(({ error, key }) => {
      return { name: session.nameOf(key), ...key, ...errorJson(error, exitCodeOf(error)) };
    }),
  };
}

function parseWait(text: string): number {
  const ms = durationMs(text);
  if (ms !== undefined) return ms;
  throw new InvalidArgumentError('It must be a length of time such as 500ms, 5s or 2m.');
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

async function isConfirmed(verb: VerbName, keys: readonly Wanted[], session: Session): Promise<boolean> {
  const names = keys.slice(0, NAMES_SHOWN).map(({ key }) => visibleName(session.nameOf(key)));
  const more = keys.length > names.length ? ` and ${keys.length - names.length} more` : '';
  return session.io.confirm(`${verb} ${keys.length} keys (${names.join(', ')}${more})?`);
}
