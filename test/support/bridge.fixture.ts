// A bridge in a process of its own, to be killed and frozen; with limits that the command line does not let through.
import process from 'node:process';
import { pino } from 'pino';
import { kinesis } from '../../contracts/public/source-config.ts';
import { runProcess } from '../../worker/process.ts';
import { HOSTINGS } from './hostings.ts';
import { settingsWith } from './settings.ts';
import type { BridgeSetup } from './bridge-process.ts';

const {
  address,
  namespace,
  taskQueue,
  pipeline,
  stream,
  endpoint,
  limits,
  hosting = 'own',
  largeEvents = {},
} = JSON.parse(process.argv[2] ?? '') as BridgeSetup;
// The bridge calls no handler.
const config = { source: kinesis({ stream, endpoint }), handler: () => {}, largeEvents, ...HOSTINGS[hosting] };
const stop = new AbortController();
process.on('SIGTERM', () => stop.abort());
await runProcess({
  settings: settingsWith({ [pipeline]: config }, { address, namespace, taskQueue }, limits),
  roles: ['bridge'],
  log: pino({ level: 'info' }, process.stderr),
  signal: stop.signal,
  onReady: () => process.stdout.write('ready\n'),
});
