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
A key is named by itself, or as pipeline:key when the settings have several pipelines. A name that begins with a
pipeline's name and a colon always means that pipeline; with --pipeline the name is the key as it is.

Exit codes: 0 done; 1 failed; 2 wrong usage or settings; 3 no such pipeline or key; 4 nothing to decide; 5 Temporal
or the source cannot be reached, or no worker answers.`;

/** The whole command line. It throws instead of ending the process: see run.ts. */
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
    .option('--pipeline <name>', 'the pipeline that is meant')
    .option('--address <host:port>', "Temporal's address, above all settings")
    .option('--namespace <name>', "Temporal's namespace, above all settings")
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({
      writeOut: (text) => io.stdout.write(text),
      writeErr: (text) => io.stderr.write(text),
      getOutHelpWidth: () => HELP_WIDTH,
      getErrHelpWidth: () => HELP_WIDTH,
      // run.ts prints errors, all in one way.
      outputError: () => {},
    })
    .showSuggestionAfterError()
    .exitOverride()
    .addHelpText('after', KEYS);

  program.commandsGroup('Processes:');
  for (const add of [addDevCommand, addStartCommand, addBridgeCommand, addWorkerCommand]) add(program, io);
  program.commandsGroup('Looking:');
  for (const add of [addStatusCommand, addBlockedCommand, addShowCommand]) add(program, io);
  program.commandsGroup('Deciding:');
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
