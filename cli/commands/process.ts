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

/** Options of every process. */
export type ProcessFlags = GlobalOptions & LogOptions & { readonly metricsAddress?: string };

/** Options of a process that reads sources. */
export interface ReadingFlags {
  readonly startOver?: boolean;
  readonly from?: string;
}

export function processOptions(command: Command): Command {
  return command
    .option(
      '--metrics-address <host:port>',
      'where Prometheus finds metrics; overrides the settings',
      parseMetricsAddress,
    )
    .addOption(new Option('--log-level <level>', 'lowest level to log').choices(LOG_LEVELS).default('info'))
    .addOption(
      new Option('--log-format <format>', 'default: pretty on a terminal, otherwise json').choices(LOG_FORMATS),
    );
}

export function readingOptions(command: Command): Command {
  return command
    .option('--start-over', 'stop the running pipelines, delete their checkpoints and read again from startAt')
    .option(
      '--from <time>',
      'where pipelines without checkpoints start reading; overrides startAt (ISO 8601)',
      parseTime,
    );
}

const TIME = z.union([z.iso.date(), z.iso.datetime({ offset: true, local: true })]);

/** Shells add the number of the signal that ended a process to this. */
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
  // Workers and the AWS clients are slow to load, and no other command needs them.
  const [{ runProcess }, { onRunnerGone }] = await Promise.all([
    import('../../worker/process.ts'),
    import('../../worker/package-runner.ts'),
  ]);
  const stop = new AbortController();
  const log = createLog(flags, io.stderr, io.stderr.isTTY === true && !io.env['NO_COLOR']);
  const release = onStopSignals(() => stop.abort(), io);
  const unwatch = onRunnerGone(() => {
    log.warn('The npx or npm that started this process has exited; stopping');
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
      '--start-over for these, and --pipeline to name the others.',
  );
}

/** @returns a function that removes the handlers again */
function onStopSignals(stop: () => void, io: Io): () => void {
  let isAsked = false;
  const onSignal = (signal: NodeJS.Signals): void => {
    // The default action of the signal does not apply when the settings or a handler listen to it, too.
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
  // JavaScript reads 31 February as 3 March.
  if (!TIME.safeParse(text).success) {
    throw new InvalidArgumentError('It must be a valid time such as 2026-01-31T12:00:00Z.');
  }
  const time = new Date(text);
  if (time.getTime() > Date.now())
    throw new InvalidArgumentError('It is in the future: sources can only be read from the past.');
  return time.toISOString();
}
