import { createRequire } from 'node:module';
import { Command } from 'commander';
import { addBlockedCommand } from './commands/blocked.ts';
import { addBridgeCommand } from './commands/bridge.ts';
import { addDevCommand } from './commands/dev.ts';
import { addPauseCommand } from './commands/pause.ts';
import { addQuarantineCommand } from './commands/quarantine/quarantine.ts';
import { addReplaceCommand } from './commands/replace.ts';
import { addResumeCommand } from './commands/resume.ts';
import { addRetryCommand } from './commands/retry.ts';
import { addShowCommand } from './commands/show.ts';
import { addSkipCommand } from './commands/skip.ts';
import { addStartCommand } from './commands/start.ts';
import { addStatusCommand } from './commands/status.ts';
import { addWorkerCommand } from './commands/worker.ts';
import type { Io } from './io.ts';

const HELP_WIDTH = 100;

const KEYS = `
Name a key by itself, or as pipeline:key if there are several pipelines. A name that begins with the name of a pipeline
and a colon always means that pipeline; with --pipeline the name is the bare key.

Exit codes: 0 done; 1 failed; 2 wrong usage or settings; 3 no such pipeline or key; 4 nothing to do (not blocked, or
another record is current); 5 Temporal or the source cannot be reached, or no worker answers.`;

/** The whole command line. It throws instead of exiting: see run.ts. */
export function buildProgram(io: Io): Command {
  const program = new Command('keylane')
    .description('Runs the events of every key of a stream strictly in order, durably, on Temporal.')
    .version(version(), '--version', 'print the version')
    .helpOption('-h, --help', 'print help')
    .helpCommand('help [command]', 'print help for a command')
    .option(
      '--config <file>',
      'settings file (default: keylane.config.{ts,mts,cts,js,mjs,cjs} in this folder or above)',
    )
    .option('--no-config', 'use no settings file')
    .option('--pipeline <name>', 'the pipeline to act on')
    .option('--address <host:port>', "Temporal's address; overrides settings and environment")
    .option('--namespace <name>', "Temporal's namespace; overrides settings and environment")
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({
      writeOut: (text) => io.stdout.write(text),
      writeErr: (text) => io.stderr.write(text),
      getOutHelpWidth: () => HELP_WIDTH,
      getErrHelpWidth: () => HELP_WIDTH,
      // All errors are printed by run.ts.
      outputError: () => {},
    })
    .showSuggestionAfterError()
    .exitOverride()
    .addHelpText('after', KEYS);

  program.commandsGroup('Processes:');
  for (const add of [addDevCommand, addStartCommand, addBridgeCommand, addWorkerCommand]) add(program, io);
  program.commandsGroup('Inspect:');
  for (const add of [addStatusCommand, addBlockedCommand, addShowCommand]) add(program, io);
  program.commandsGroup('Resolve:');
  for (const add of [addRetryCommand, addSkipCommand, addReplaceCommand, addPauseCommand, addResumeCommand]) {
    add(program, io);
  }
  program.commandsGroup('Records without a key:');
  addQuarantineCommand(program, io);
  return program;
}

function version(): string {
  const { version: own } = createRequire(import.meta.url)('keylane/package.json') as { version: string };
  return own;
}
