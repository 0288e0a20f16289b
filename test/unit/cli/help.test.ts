import { expect, test } from 'vitest';
import { keylane } from './fake-io.ts';

async function help(...command: string[]): Promise<string> {
  const { code, stdout, stderr } = await keylane([...command, '--help']);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return stdout;
}

test('keylane --help', async () => {
  expect(await help()).toMatchInlineSnapshot(`
    "Usage: keylane [options] [command]

    Runs the events of every key of a stream strictly in order, durably, on Temporal.

    Options:
      --version                   print the version
      --config <file>             settings file (default: keylane.config.{ts,mts,cts,js,mjs,cjs} in this
                                  folder or above)
      --no-config                 use no settings file
      --pipeline <name>           the pipeline to act on
      --address <host:port>       Temporal's address; overrides settings and environment
      --namespace <name>          Temporal's namespace; overrides settings and environment
      -h, --help                  print help

    Processes:
      dev [options]               run bridge and worker in one process, with its own Temporal server if
                                  no address is set
      start [options]             run bridge and worker in one process
      bridge [options]            read the sources and send every record to the lane of its key
      worker [options]            run lanes and handlers

    Inspect:
      status [options]            show pipelines and shards (state, lag, checkpoint, time until unread
                                  records expire), lanes by state, and the quarantine
      blocked [options]           list blocked keys with age, attempts, record, error and backlog
      show [options] [key]        show one key: state, current record and data, error, queue, last
                                  decisions

    Resolve:
      retry [options] [keys...]   retry the failed record of a key with another round of attempts
      skip [options] [keys...]    drop the failed record of a key and continue with the next one
      replace [options] [key]     give the failed record of a key new data and run it again
      pause [options] [keys...]   stop a key; its events are kept
      resume [options] [keys...]  let a paused key continue

    Records without a key:
      quarantine                  list and resolve records without a usable key

    Commands:
      help [command]              print help for a command

    Name a key by itself, or as pipeline:key if there are several pipelines. A name that begins with the name of a pipeline
    and a colon always means that pipeline; with --pipeline the name is the bare key.

    Exit codes: 0 done; 1 failed; 2 wrong usage or settings; 3 no such pipeline or key; 4 nothing to do (not blocked, or
    another record is current); 5 Temporal or the source cannot be reached, or no worker answers.
    "
  `);
});

test('keylane dev --help', async () => {
  expect(await help('dev')).toMatchInlineSnapshot(`
    "Usage: keylane dev [options]

    run bridge and worker in one process, with its own Temporal server if no address is set

    Options:
      --temporary                    keep no data (default: .keylane/temporal.db next to the settings
                                     file)
      --metrics-address <host:port>  where Prometheus finds metrics; overrides the settings
      --log-level <level>            lowest level to log (choices: "trace", "debug", "info", "warn",
                                     "error", "silent", default: "info")
      --log-format <format>          default: pretty on a terminal, otherwise json (choices: "json",
                                     "pretty")
      --start-over                   stop the running pipelines, delete their checkpoints and read again
                                     from startAt
      --from <time>                  where pipelines without checkpoints start reading; overrides
                                     startAt (ISO 8601)
      -h, --help                     print help

    Global Options:
      --version                      print the version
      --config <file>                settings file (default: keylane.config.{ts,mts,cts,js,mjs,cjs} in
                                     this folder or above)
      --no-config                    use no settings file
      --pipeline <name>              the pipeline to act on
      --address <host:port>          Temporal's address; overrides settings and environment
      --namespace <name>             Temporal's namespace; overrides settings and environment

    Examples:
      keylane dev
      keylane dev --temporary
      keylane dev --config examples/orders/keylane.config.ts
    "
  `);
});

test('keylane start --help', async () => {
  expect(await help('start')).toMatchInlineSnapshot(`
    "Usage: keylane start [options]

    run bridge and worker in one process

    Options:
      --metrics-address <host:port>  where Prometheus finds metrics; overrides the settings
      --log-level <level>            lowest level to log (choices: "trace", "debug", "info", "warn",
                                     "error", "silent", default: "info")
      --log-format <format>          default: pretty on a terminal, otherwise json (choices: "json",
                                     "pretty")
      --start-over                   stop the running pipelines, delete their checkpoints and read again
                                     from startAt
      --from <time>                  where pipelines without checkpoints start reading; overrides
                                     startAt (ISO 8601)
      -h, --help                     print help

    Global Options:
      --version                      print the version
      --config <file>                settings file (default: keylane.config.{ts,mts,cts,js,mjs,cjs} in
                                     this folder or above)
      --no-config                    use no settings file
      --pipeline <name>              the pipeline to act on
      --address <host:port>          Temporal's address; overrides settings and environment
      --namespace <name>             Temporal's namespace; overrides settings and environment

    Examples:
      keylane start
      keylane start --address temporal:7233 --log-format json
      keylane start --from 2026-01-31T12:00:00Z
    "
  `);
});

test('keylane bridge --help', async () => {
  expect(await help('bridge')).toMatchInlineSnapshot(`
    "Usage: keylane bridge [options]

    read the sources and send every record to the lane of its key

    Options:
      --metrics-address <host:port>  where Prometheus finds metrics; overrides the settings
      --log-level <level>            lowest level to log (choices: "trace", "debug", "info", "warn",
                                     "error", "silent", default: "info")
      --log-format <format>          default: pretty on a terminal, otherwise json (choices: "json",
                                     "pretty")
      --start-over                   stop the running pipelines, delete their checkpoints and read again
                                     from startAt
      --from <time>                  where pipelines without checkpoints start reading; overrides
                                     startAt (ISO 8601)
      -h, --help                     print help

    Global Options:
      --version                      print the version
      --config <file>                settings file (default: keylane.config.{ts,mts,cts,js,mjs,cjs} in
                                     this folder or above)
      --no-config                    use no settings file
      --pipeline <name>              the pipeline to act on
      --address <host:port>          Temporal's address; overrides settings and environment
      --namespace <name>             Temporal's namespace; overrides settings and environment

    Examples:
      keylane bridge
      keylane bridge --address temporal:7233 --log-format json
      keylane bridge --from 2026-01-31T12:00:00Z
    "
  `);
});

test('keylane worker --help', async () => {
  expect(await help('worker')).toMatchInlineSnapshot(`
    "Usage: keylane worker [options]

    run lanes and handlers

    Options:
      --metrics-address <host:port>  where Prometheus finds metrics; overrides the settings
      --log-level <level>            lowest level to log (choices: "trace", "debug", "info", "warn",
                                     "error", "silent", default: "info")
      --log-format <format>          default: pretty on a terminal, otherwise json (choices: "json",
                                     "pretty")
      -h, --help                     print help

    Global Options:
      --version                      print the version
      --config <file>                settings file (default: keylane.config.{ts,mts,cts,js,mjs,cjs} in
                                     this folder or above)
      --no-config                    use no settings file
      --pipeline <name>              the pipeline to act on
      --address <host:port>          Temporal's address; overrides settings and environment
      --namespace <name>             Temporal's namespace; overrides settings and environment

    Examples:
      keylane worker
      keylane worker --address temporal:7233 --log-format json
    "
  `);
});

test('keylane status --help', async () => {
  expect(await help('status')).toMatchInlineSnapshot(`
    "Usage: keylane status [options]

    show pipelines and shards (state, lag, checkpoint, time until unread records expire), lanes by
    state, and the quarantine

    Options:
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
      keylane status
      keylane status --pipeline orders
      keylane status --json | jq '.pipelines[].lanes.blocked'
    "
  `);
});

test('keylane blocked --help', async () => {
  expect(await help('blocked')).toMatchInlineSnapshot(`
    "Usage: keylane blocked [options]

    list blocked keys with age, attempts, record, error and backlog

    Options:
      --limit <number>       maximum number of keys, the longest blocked first; 0 for all (default: 100)
      --wide                 do not truncate
      --names0               print arguments for verbs, each bound to its record and terminated by NUL:
                             for xargs -0
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
      keylane blocked
      keylane blocked --pipeline orders --limit 0
      keylane blocked --limit 0 --names0 | xargs -0 -r keylane retry --yes
    "
  `);
});

test('keylane show --help', async () => {
  expect(await help('show')).toMatchInlineSnapshot(`
    "Usage: keylane show [options] [key]

    show one key: state, current record and data, error, queue, last decisions

    Arguments:
      key                    the key, or pipeline:key

    Options:
      --target <json>        a key as JSON, optionally with the record: {"pipeline", "key", "position"};
                             repeatable
      --full                 show all of the data
      --backlog              list all queued events, the head first
      --skip <count>         with --backlog: skip the first events (default: 0)
      --limit <count>        with --backlog: maximum number of events (default: 100)
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
      keylane show order-42
      keylane show orders:order-42
      keylane show order-42 --backlog --skip 100
      keylane show order-42 --json
    "
  `);
});

test('keylane retry --help', async () => {
  expect(await help('retry')).toMatchInlineSnapshot(`
    "Usage: keylane retry [options] [keys...]

    retry the failed record of a key with another round of attempts

    Arguments:
      keys                   keys, each bare or as pipeline:key

    Options:
      --position <position>  act on this record, or do nothing (shown by \`keylane show\`)
      --wait <duration>      how long to wait for the result (default: 5s)
      --no-wait              return as soon as the lane has decided
      --target <json>        a key as JSON, optionally with the record: {"pipeline", "key", "position"};
                             repeatable
      --reason <text>        why; kept with the decision
      --by <name>            who decides (default: the user of the operating system)
      -y, --yes              do not ask before acting on several keys
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
      keylane retry order-42 --reason "the payment service is back"
      keylane retry order-42 --position shardId-000000000000:4958
      keylane retry orders:order-42 orders:order-43 --yes
    "
  `);
});

test('keylane skip --help', async () => {
  expect(await help('skip')).toMatchInlineSnapshot(`
    "Usage: keylane skip [options] [keys...]

    drop the failed record of a key and continue with the next one

    Arguments:
      keys                   keys, each bare or as pipeline:key

    Options:
      --position <position>  act on this record, or do nothing (shown by \`keylane show\`)
      --wait <duration>      how long to wait for the result (default: 5s)
      --no-wait              return as soon as the lane has decided
      --target <json>        a key as JSON, optionally with the record: {"pipeline", "key", "position"};
                             repeatable
      --reason <text>        why; kept with the decision
      --by <name>            who decides (default: the user of the operating system)
      -y, --yes              do not ask before acting on several keys
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
      keylane skip order-42 --reason "a test order"
      keylane skip order-42 --position shardId-000000000000:4958
    "
  `);
});

test('keylane replace --help', async () => {
  expect(await help('replace')).toMatchInlineSnapshot(`
    "Usage: keylane replace [options] [key]

    give the failed record of a key new data and run it again

    Arguments:
      key                    the key, or pipeline:key

    Options:
      --data <json>          the new data, as JSON
      --file <file>          the new data, byte by byte as in this file
      --position <position>  act on this record, or do nothing (shown by \`keylane show\`)
      --wait <duration>      how long to wait for the result (default: 5s)
      --no-wait              return as soon as the lane has decided
      --target <json>        a key as JSON, optionally with the record: {"pipeline", "key", "position"};
                             repeatable
      --reason <text>        why; kept with the decision
      --by <name>            who decides (default: the user of the operating system)
      -y, --yes              do not ask before acting on several keys
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
      keylane replace order-42 --data '{"orderId":"order-42","amount":12}' --reason "the amount was negative"
      keylane replace order-42 --file fixed.json --position shardId-000000000000:4958
    "
  `);
});

test('keylane pause --help', async () => {
  expect(await help('pause')).toMatchInlineSnapshot(`
    "Usage: keylane pause [options] [keys...]

    stop a key; its events are kept

    Arguments:
      keys                   keys, each bare or as pipeline:key

    Options:
      --target <json>        a key as JSON, optionally with the record: {"pipeline", "key", "position"};
                             repeatable
      --reason <text>        why; kept with the decision
      --by <name>            who decides (default: the user of the operating system)
      -y, --yes              do not ask before acting on several keys
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
      keylane pause order-42 --reason "under investigation"
    "
  `);
});

test('keylane resume --help', async () => {
  expect(await help('resume')).toMatchInlineSnapshot(`
    "Usage: keylane resume [options] [keys...]

    let a paused key continue

    Arguments:
      keys                   keys, each bare or as pipeline:key

    Options:
      --target <json>        a key as JSON, optionally with the record: {"pipeline", "key", "position"};
                             repeatable
      --reason <text>        why; kept with the decision
      --by <name>            who decides (default: the user of the operating system)
      -y, --yes              do not ask before acting on several keys
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
      keylane resume order-42
    "
  `);
});
