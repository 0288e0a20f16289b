import { constants } from 'node:os';
import { InvalidArgumentError, Option, type Command } from 'commander';
import { z } from 'zod';
import type { Settings } from '../../settings/settings.ts';
import { isMetricsAddress, METRICS_ADDRESS_FORM } from '../../settings/metrics-address.ts';
import type { ProcessOptions } from '../../worker/process.ts';
import { UsageError } from '../errors.ts';
import type { Io } from '../io.ts';
import { knownPipeline } from '../key-name.ts';
import { createLog, LOG_FORMATS, LOG_LEVELS, type LogOptions } from '../log.ts';
import { settingsOf, type GlobalOptions } from '../session.ts';

/** Options of every process that stays. */
export type ProcessFlags = GlobalOptions & LogOptions & { readonly metricsAddress?: string };

/** Options of a process that reads. */
export interface ReadingFlags {
  readonly startOver?: boolean;
  readonly from?: string;
}

export function processOptions(command: Command): Command {
  return command
    .option('--metrics-address <host:port>', 'where Prometheus finds metrics, above the settings', parseMetricsAddress)
    .addOption(new Option('--log-level <level>', 'least level that is logged').choices(LOG_LEVELS).default('info'))
    .addOption(new Option('--log-format <format>', 'default: pretty on a terminal, else json').choices(LOG_FORMATS));
}

export function readingOptions(command: Command): Command {
  return command
    .option('--start-over', 'end the pipelines that run, forget their checkpoints, and begin where startAt says')
    .option('--from <time>', 'where pipelines without checkpoints begin, above startAt (ISO 8601)', parseTime);
}

const TIME = z.union([z.iso.date(), z.iso.datetime({ offset: true, local: true })]);

/** How shells count the end by a signal. */
const SIGNALLED = 128;

/** Runs until SIGINT or SIGTERM asks for an orderly shutdown; a second one ends the process at once. */
export async function runRoles(
  roles: ProcessOptions['roles'],
  self: Command,
  io: Io,
  more: (settings: Settings) => Pick<ProcessOptions, 'embedded'> & ReadingFlags = () => ({}),
): Promise<void> {
  const flags = self.optsWithGlobals<ProcessFlags>();
  const settings = withMetrics(onlyChosen(await settingsOf(flags, io), flags.pipeline), flags.metricsAddress);
  const reading = more(settings);
  if (reading.from !== undefined) refuseDynamodb(settings);
  // Workers and the AWS clients take their time to load, and no other command needs them.
  const [{ runProcess }, { onRunnerGone }] = await Promise.all([
    import('../../worker/process.ts'),
    import('../../worker/package-runner.ts'),
  ]);
  const stop = new AbortController();
  const log = createLog(flags, io.stderr, io.stderr.isTTY === true && !io.env['NO_COLOR']);
  const release = onStopSignals(() => stop.abort(), io);
  const unwatch = onRunnerGone(() => {
    log.warn('The npx or npm that started this process has ended, so the process stops too');
    stop.abort();
  });
  try {
    await runProcess({ settings, roles, log, signal: stop.signal, exit: (code) => io.exit(code), ...reading });
  } finally {
    unwatch();
    release();
  }
}

function onlyChosen(settings: Settings, chosen: string | undefined): Settings {
  if (chosen === undefined) return settings;
  knownPipeline(chosen, [...settings.pipelines.keys()]);
  return { ...settings, pipelines: new Map([...settings.pipelines].filter(([name]) => name === chosen)) };
}

function withMetrics(settings: Settings, address: string | undefined): Settings {
  return address === undefined ? settings : { ...settings, metrics: { address } };
}

function refuseDynamodb({ pipelines }: Settings): void {
  const refused = [...pipelines.values()].filter(({ source }) => source.kind === 'dynamodb').map(({ name }) => name);
  if (refused.length === 0) return;
  throw new UsageError(
    `--from cannot be used for ${refused.join(', ')}: DynamoDB Streams cannot be read from a point in time. Use ` +
      '--start-over for them, and --pipeline to name the others.',
  );
}

/** @returns a function after which signals do what they always do */
function onStopSignals(stop: () => void, io: Io): () => void {
  let isAsked = false;
  const onSignal = (signal: NodeJS.Signals): void => {
    // Not left to the signal itself: it does nothing where settings or a handler listen to it too.
    if (isAsked) io.exit(SIGNALLED + constants.signals[signal]);
    isAsked = true;
    stop();
  };
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal);
  return () => process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
}

function parseMetricsAddress(text: string): string {
  if (isMetricsAddress(text)) return text;
  throw new InvalidArgumentError(`It must be ${METRICS_ADDRESS_FORM}.`);
}

function parseTime(text: string): string {
  // JavaScript takes 31 February for 3 March.
  if (!TIME.safeParse(text).success) {
    throw new InvalidArgumentError('It must be a time such as 2026-01-31T12:00:00Z, on a day that there is.');
  }
  const time = new Date(text);
  if (time.getTime() > Date.now())
    throw new InvalidArgumentError('It lies in the future: sources are read from the past only.');
  return time.toISOString();
}
