import { userInfo } from 'node:os';
import type { Command } from 'commander';
import type { Decision, VerbArgs } from '../../contracts/lane.ts';
import type { VerbName } from '../../contracts/names.ts';
import { parsePosition } from '../../contracts/position.ts';
import { exitCodeOf, messageOf, SomeFailedError, UsageError } from '../errors.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import type { Io } from '../io.ts';
import type { NamedKey } from '../key-name.ts';
import { decide } from '../operations/decide.ts';
import { renderDecision } from '../render/decision.ts';
import { decisionJson } from '../render/json.ts';
import { printable } from '../render/text.ts';
import { withSession, type Session } from '../session.ts';

/** Options of every verb. */
export interface VerbOptions {
  readonly position?: string;
  readonly reason?: string;
  readonly by?: string;
  readonly yes?: boolean;
  readonly json?: boolean;
}

const NAMES_SHOWN = 10;

/** The options that all verbs have. Those on a record can be bound to it. */
export function verbOptions(command: Command, bindable: boolean): Command {
  if (bindable) command.option('--position <position>', 'act on this record or on nothing (shown by `keylane show`)');
  return command
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
  data: Pick<VerbArgs, 'data' | 'text' | 'base64'> = {},
): Promise<void> {
  checkPosition(typed, options.position);
  if (typed.length > 1 && options.yes !== true && !io.isInteractive) {
    throw new UsageError(`To ${verb} ${typed.length} keys without a terminal to ask on, give --yes.`);
  }
  await withSession(self, io, async (session) => {
    const keys = typed.map((name) => session.resolve(name));
    if (keys.length > 1 && options.yes !== true && !(await isConfirmed(verb, keys, session))) {
      throw new Error('Nothing was done.');
    }
    await decideAll(session, verb, keys, { ...argsOf(options, io), ...data }, options.json === true);
  });
}

/** A key that is refused does not keep the others from being decided on; a server that is gone does. */
async function decideAll(
  session: Session,
  verb: VerbName,
  keys: readonly NamedKey[],
  args: VerbArgs,
  json: boolean,
): Promise<void> {
  const decided: { readonly key: NamedKey; readonly decision: Decision }[] = [];
  let failed = 0;
  let firstCode: ExitCode = EXIT.done;
  for (const key of keys) {
    try {
      const decision = await decide(session.client, { ...key, verb, args, pools: session.poolsOf(key.pipeline) });
      decided.push({ key, decision });
      if (!json) session.io.stdout.write(`${renderDecision(session.nameOf(key), decision, session.style)}\n`);
    } catch (error) {
      const code = exitCodeOf(error);
      const goesOn = code === EXIT.notFound || code === EXIT.nothingToDecide;
      if (keys.length === 1 || (!goesOn && decided.length === 0)) throw error;
      session.io.stderr.write(`${messageOf(error)}\n`);
      failed += 1;
      if (firstCode === EXIT.done) firstCode = code;
      if (!goesOn) break;
    }
  }
  if (json && decided.length > 0) session.print(true, () => documentOf(decided, session), String);
  if (failed > 0) throw new SomeFailedError(keys.length - decided.length, keys.length, firstCode);
}

function documentOf(decided: readonly { readonly key: NamedKey; readonly decision: Decision }[], session: Session) {
  return {
    decisions: decided.map(({ key, decision }) => {
      return { name: session.nameOf(key), ...key, decision: decisionJson(decision) };
    }),
  };
}

function checkPosition(typed: readonly string[], position: string | undefined): void {
  if (position === undefined) return;
  if (typed.length > 1) throw new UsageError('--position names one record, so it goes with one key.');
  if (parsePosition(position) === undefined) {
    throw new UsageError(
      `${JSON.stringify(position)} is not a position; one looks like shardId-000000000000:4958...3, as \`keylane show\` prints it.`,
    );
  }
}

function argsOf(options: VerbOptions, io: Io): VerbArgs {
  const { position, reason, by = operator(io) } = options;
  return { by, ...(position === undefined ? {} : { position }), ...(reason === undefined ? {} : { reason }) };
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

async function isConfirmed(verb: VerbName, keys: readonly NamedKey[], session: Session): Promise<boolean> {
  const names = keys.slice(0, NAMES_SHOWN).map((key) => printable(session.nameOf(key)));
  const more = keys.length > names.length ? ` and ${keys.length - names.length} more` : '';
  return session.io.confirm(`${verb} ${keys.length} keys (${names.join(', ')}${more})?`);
}
