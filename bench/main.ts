#!/usr/bin/env node
import { Command } from 'commander';
import { benchCompare } from './compare/compare.ts';
import { benchReading } from './reading/reading.ts';
import { benchShards } from './shards/shards.ts';

// Node 20 is supported here for as long as the AWS SDK runs on it.
process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] ??= 'true';

const command = new Command('bench').description('Measures Keylane; every run checks order and loss as well.');
command
  .command('compare', { isDefault: true })
  .description('Keylane beside what people would use instead: events per second, latency and cost')
  .option('--contenders <names>', 'only these, with commas between them: pooled, own, plain, restate')
  .option(
    '--loads <names>',
    'only these, with commas between them: many, some, few, hot, poison, slow, huge, large, latency, steady',
  )
  .option('--server <name>', 'Temporal’s: dev, or postgres for a full one on PostgreSQL', 'dev')
  .option('--write', 'write the figures into docs/PERFORMANCE.md')
  .option('--json', 'print the figures as JSON')
  .action(benchCompare);
command
  .command('reading')
  .description('records per second of reading alone, from kinesalite to a sink that accepts at once, and memory')
  .option('--records <n>', 'records in the stream', (text) => Number(text), 100_000)
  .option('--write', 'write the figures into docs/PERFORMANCE.md')
  .option('--json', 'print the figures as JSON')
  .action(benchReading);
command
  .command('shards')
  .description('many shards: how soon all are read, what an idle one costs, and the size of the pipeline’s workflow')
  .option('--shards <n>', 'shards of the stream', (text) => Number(text), 1000)
  .option('--write', 'write the figures into docs/PERFORMANCE.md')
  .option('--json', 'print the figures as JSON')
  .action(benchShards);
await command.parseAsync();
