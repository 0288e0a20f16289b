#!/usr/bin/env node
import { Command } from 'commander';
import { runDemo } from './demo.ts';

// Node 20 is supported here for as long as the AWS SDK runs on it.
process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] ??= 'true';

const command = new Command('demo')
  .description('Runs examples/orders on a Kinesis emulator and an embedded Temporal server, with one poison record.')
  .option('--exit', 'release the poison key, check that every event was handled in order, and end')
  .option('--verbose', 'show the log of bridge, worker and server')
  .allowExcessArguments(false);
command.parse();

const stop = new AbortController();
// Once each: a second Ctrl-C ends the process at once.
process.once('SIGINT', () => stop.abort()).once('SIGTERM', () => stop.abort());

const { exit = false, verbose = false } = command.opts<{ exit?: boolean; verbose?: boolean }>();
const code = await runDemo({ exit, verbose, signal: stop.signal });
process.stdout.write('', () => process.exit(code));
