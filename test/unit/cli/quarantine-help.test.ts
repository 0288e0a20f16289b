import { expect, test } from 'vitest';
import { keylane } from './fake-io.ts';

async function help(...command: string[]): Promise<string> {
  const { code, stdout, stderr } = await keylane([...command, '--help']);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return stdout;
}

test('keylane quarantine --help', async () => {
  expect(await help('quarantine')).toMatchInlineSnapshot(`
    "Usage: keylane quarantine [options] [command]

    list and resolve records without a usable key

    Options:
      -h, --help                      print help

    Global Options:
      --version                       print the version
      --config <file>                 settings file (default: keylane.config.{ts,mts,cts,js,mjs,cjs} in
                                      this folder or above)
      --no-config                     use no settings file
      --pipeline <name>               the pipeline to act on
      --address <host:port>           Temporal's address; overrides settings and environment
      --namespace <name>              Temporal's namespace; overrides settings and environment

    Commands:
      list [options] [pipeline]       list the records with position, reason and data, the earliest
                                      first, and the last decisions
      retry [options] [positions...]  run the current key function again, and send records that have a
                                      key now to their lanes
      skip [options] [positions...]   drop records for good
      replace [options] <position>    give a record new data, and send it to its lane if that data has a
                                      key

    Examples:
      keylane quarantine list
      keylane quarantine retry --all --reason "the key function knows the new field"
      keylane quarantine skip shardId-000000000000:4958
    "
  `);
});

test('keylane quarantine list --help', async () => {
  expect(await help('quarantine', 'list')).toMatchInlineSnapshot(`
    "Usage: keylane quarantine list [options] [pipeline]

    list the records with position, reason and data, the earliest first, and the last decisions

    Arguments:
      pipeline               the pipeline (default: all)

    Options:
      --limit <number>       maximum number of records of a pipeline; 0 for all (default: 20)
      --after <position>     start after this record
      --full                 show all of the data
      --json                 print one JSON document
      -h, --help             print help

    Global Options:
      --version              print the version
      --config <file>        settings file (default: keylane.config.{ts,mts,cts,js,mjs,cjs} in this
                             folder or above)
      --no-config            use no settings file
      --pipeline <name>      the pipeline to act on
      --address <host:port>  Temporal's address; overrides settings and environment
      --namespace <name>     Temporal's namespace; overrides settings and environment

    Examples:
      keylane quarantine list
      keylane quarantine list orders --limit 100 --after shardId-000000000000:4958
      keylane quarantine list --limit 0 --json | jq -r '.pipelines[].records[].position'
    "
  `);
});

test('keylane quarantine retry --help', async () => {
  expect(await help('quarantine', 'retry')).toMatchInlineSnapshot(`
    "Usage: keylane quarantine retry [options] [positions...]

    run the current key function again, and send records that have a key now to their lanes

    Arguments:
      positions              records, as \`keylane quarantine list\` shows them

    Options:
      --all                  all records
      --matching <text>      all records whose reason contains this text
      --reason <text>        why; kept with the decision
      --by <name>            who decides (default: the user of the operating system)
      -y, --yes              do not ask before acting on several records
      --json                 print one JSON document
      -h, --help             print help

    Global Options:
      --version              print the version
      --config <file>        settings file (default: keylane.config.{ts,mts,cts,js,mjs,cjs} in this
                             folder or above)
      --no-config            use no settings file
      --pipeline <name>      the pipeline to act on
      --address <host:port>  Temporal's address; overrides settings and environment
      --namespace <name>     Temporal's namespace; overrides settings and environment

    Examples:
      keylane quarantine retry --all --reason "the key function knows the new field"
      keylane quarantine retry --matching "returned undefined" --pipeline orders
    "
  `);
});

test('keylane quarantine replace --help', async () => {
  expect(await help('quarantine', 'replace')).toMatchInlineSnapshot(`
    "Usage: keylane quarantine replace [options] <position>

    give a record new data, and send it to its lane if that data has a key

    Arguments:
      position               the record, as \`keylane quarantine list\` shows it

    Options:
      --data <json>          the new data, as JSON
      --file <file>          the new data, byte by byte as in this file
      --reason <text>        why; kept with the decision
      --by <name>            who decides (default: the user of the operating system)
      -y, --yes              do not ask before acting on several records
      --json                 print one JSON document
      -h, --help             print help

    Global Options:
      --version              print the version
      --config <file>        settings file (default: keylane.config.{ts,mts,cts,js,mjs,cjs} in this
                             folder or above)
      --no-config            use no settings file
      --pipeline <name>      the pipeline to act on
      --address <host:port>  Temporal's address; overrides settings and environment
      --namespace <name>     Temporal's namespace; overrides settings and environment

    Examples:
      keylane quarantine replace shardId-000000000000:4958 --data '{"orderId":"order-42"}'
    "
  `);
});
