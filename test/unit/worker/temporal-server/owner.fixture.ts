// A process that starts a dev server and waits to be killed.
import process from 'node:process';
import { startDevServer } from '../../../../worker/temporal-server/dev-server.ts';

const [, , binary = '', database = ''] = process.argv;
const { address, pid } = await startDevServer({ binary, database, headless: true });
process.stdout.write(`${JSON.stringify({ address, pid })}\n`);
setInterval(() => {}, 60_000);
