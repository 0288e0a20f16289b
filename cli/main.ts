#!/usr/bin/env node
import { endProcess, processIo } from './io.ts';
import { run } from './run.ts';

// Node 20 is supported here for as long as the AWS SDK runs on it.
process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] ??= 'true';
await endProcess(await run(process.argv.slice(2), processIo()));
