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
      --pipeline <name>           the pipeline that is meant
      --address <host:port>       Temporal's address, above all settings
      --namespace <name>          Temporal's namespace, above all settings
      -h, --help                  print help

    Processes:
      dev [options]               bridge and worker in one process, with a Temporal server of its own
                                  when no address is set
      start [options]             bridge and worker in one process
      bridge [options]            the process that reads the sources and hands every record to the lane
                                  of its key
      worker [options]            the process that runs lanes and handlers

    Looking:
      status [options]            pipelines and shards: state, lag, checkpoint, time until unread
                                  records are lost; lanes by state; the quarantine
      blocked [options]           the blocked keys: since when, attempts, record, cause, how many wait
      show [options] [key]        one lane: state, head with its data, failure, what waits, last
                                  decisions

    Deciding:
      retry [options] [keys...]   give the failed record of a key another round of attempts
      skip [options] [keys...]    leave the failed record of a key out, and go on with the next
      replace [options] [key]     give the failed record of a key other data, and run it again
      pause [options] [keys...]   stop a key; its events are kept
      resume [options] [keys...]  let a paused key go on

    Records without a key:
      quarantine                  the records without a usable key: list them, and decide on them

    Commands:
      help [command]              print help for a command

    A key is named by itself, or as pipeline:key when the settings have several pipelines. A name that begins with a
    pipeline's name and a colon always means that pipeline; with --pipeline the name is the key as it is.

    Exit codes: 0 done; 1 failed; 2 wrong usage or settings; 3 no such pipeline or key; 4 nothing to decide; 5 Temporal
    or the source cannot be reached, or no worker answers.
    "
  `);
});

test('keylane dev --help', async () => {
  expect(await help('dev')).toMatchInlineSnapshot(`
    "Usage: keylane dev [options]

    bridge and worker in one process, with a Temporal server of its own when no address is set

    Options:
      --temporary                    forget everything at the end (default: .keylane/temporal.db beside
                                     the settings file)
      --metrics-address <host:port>  where Prometheus finds metrics, above the settings
      --log-level <level>            least level that is logged (choices: "trace", "debug", "info",
                                     "warn", "error", "silent", default: "info")
      --log-format <format>          default: pretty on a terminal, else json (choices: "json",
                                     "pretty")
      --start-over                   end the pipelines that run, forget their checkpoints, and begin
                                     where startAt says
      --from <time>                  where pipelines without checkpoints begin, above startAt (ISO 8601)
      -h, --help                     print help

    Global Options:
      --version                      print the version
      --config <file>                settings file (default: keylane.config.{ts,mts,cts,js,mjs,cjs} in
                                     this folder or above)
      --pipeline <name>              the pipeline that is meant
      --address <host:port>          Temporal's address, above all settings
      --namespace <name>             Temporal's namespace, above all settings

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

    bridge and worker in one process

    Options:
      --metrics-address <host:port>  where Prometheus finds metrics, above the settings
      --log-level <level>            least level that is logged (choices: "trace", "debug", "info",
                                     "warn", "error", "silent", default: "info")
      --log-format <format>          default: pretty on a terminal, else json (choices: "json",
                                     "pretty")
      --start-over                   end the pipelines that run, forget their checkpoints, and begin
                                     where startAt says
      --from <time>                  where pipelines without checkpoints begin, above startAt (ISO 8601)
      -h, --help                     print help

    Global Options:
      --version                      print the version
      --config <file>                settings file (default: keylane.config.{ts,mts,cts,js,mjs,cjs} in
                                     this folder or above)
      --pipeline <name>              the pipeline that is meant
      --address <host:port>          Temporal's address, above all settings
      --namespace <name>             Temporal's namespace, above all settings

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

    the process that reads the sources and hands every record to the lane of its key

    Options:
      --metrics-address <host:port>  where Prometheus finds metrics, above the settings
      --log-level <level>            least level that is logged (choices: "trace", "debug", "info",
                                     "warn", "error", "silent", default: "info")
      --log-format <format>          default: pretty on a terminal, else json (choices: "json",
                                     "pretty")
      --start-over                   end the pipelines that run, forget their checkpoints, and begin
                                     where startAt says
      --from <time>                  where pipelines without checkpoints begin, above startAt (ISO 8601)
      -h, --help                     print help

    Global Options:
      --version                      print the version
      --config <file>                settings file (default: keylane.config.{ts,mts,cts,js,mjs,cjs} in
                                     this folder or above)
      --pipeline <name>              the pipeline that is meant
      --address <host:port>          Temporal's address, above all settings
      --namespace <name>             Temporal's namespace, above all settings

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

    the process that runs lanes and handlers

    Options:
      --metrics-address <host:port>  where Prometheus finds metrics, above the settings
      --log-level <level>            least level that is logged (choices: "trace", "debug", "info",
                                     "warn", "error", "silent", default: "info")
      --log-format <format>          default: pretty on a terminal, else json (choices: "json",
                                     "pretty")
      -h, --help                     print help

    Global Options:
      --version                      print the version
      --config <file>                settings file (default: keylane.config.{ts,mts,cts,js,mjs,cjs} in
                                     this folder or above)
      --pipeline <name>              the pipeline that is meant
      --address <host:port>          Temporal's address, above all settings
      --namespace <name>             Temporal's namespace, above all settings

    Examples:
      keylane worker
      keylane worker --address temporal:7233 --log-format json
    "
  `);
});

test('keylane status --help', async () => {
  expect(await help('status')).toMatchInlineSnapshot(`
    "Usage: keylane status [options]

    pipelines and shards: state, lag, checkpoint, time until unread records are lost; lanes by state;
    the quarantine

    Options:
      --json                 print one JSON document
      -h, --help             print help

    Global Options:
      --version              print the version
      --config <file>        settings file (default: keylane.config.{ts,mts,cts,js,mjs,cjs} in this
                             folder or above)
      --pipeline <name>      the pipeline that is meant
      --address <host:port>  Temporal's address, above all settings
      --namespace <name>     Temporal's namespace, above all settings

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

    the blocked keys: since when, attempts, record, cause, how many wait

    Options:
      --limit <number>       keys at the most, the longest blocked first; 0 for all (default: 100)
      --wide                 cut nothing
      --names0               print arguments for verbs, each bound to its record and ended by NUL: for
                             xargs -0
      --json                 print one JSON document
      -h, --help             print help

    Global Options:
      --version              print the version
      --config <file>        settings file (default: keylane.config.{ts,mts,cts,js,mjs,cjs} in this
                             folder or above)
      --pipeline <name>      the pipeline that is meant
      --address <host:port>  Temporal's address, above all settings
      --namespace <name>     Temporal's namespace, above all settings

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

    one lane: state, head with its data, failure, what waits, last decisions

    Arguments:
      key                    the key, or pipeline:key

    Options:
      --target <json>        a key as JSON, and the record that is meant: {"pipeline", "key",
                             "position"}; may be repeated
      --full                 show all of the data
      --backlog              list what waits, the head first, wherever it is kept
      --skip <count>         with --backlog: leave out the first ones (default: 0)
      --limit <count>        with --backlog: list so many (default: 100)
      --json                 print one JSON document
      -h, --help             print help

    Global Options:
      --version              print the version
      --config <file>        settings file (default: keylane.config.{ts,mts,cts,js,mjs,cjs} in this
                             folder or above)
      --pipeline <name>      the pipeline that is meant
      --address <host:port>  Temporal's address, above all settings
      --namespace <name>     Temporal's namespace, above all settings

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

    give the failed record of a key another round of attempts

    Arguments:
      keys                   keys, each alone or as pipeline:key

    Options:
      --position <position>  act on this record or on nothing (shown by \`keylane show\`)
      --wait <duration>      wait so long to say what became of the record (default: 5s)
      --no-wait              come back when the lane has decided
      --target <json>        a key as JSON, and the record that is meant: {"pipeline", "key",
                             "position"}; may be repeated
      --reason <text>        why; kept with the decision
      --by <name>            who decides (default: the user of the operating system)
      -y, --yes              do not ask before acting on several keys
      --json                 print one JSON document
      -h, --help             print help

    Global Options:
      --version              print the version
      --config <file>        settings file (default: keylane.config.{ts,mts,cts,js,mjs,cjs} in this
                             folder or above)
      --pipeline <name>      the pipeline that is meant
      --address <host:port>  Temporal's address, above all settings
      --namespace <name>     Temporal's namespace, above all settings

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

    leave the failed record of a key out, and go on with the next

    Arguments:
      keys                   keys, each alone or as pipeline:key

    Options:
      --position <position>  act on this record or on nothing (shown by \`keylane show\`)
      --wait <duration>      wait so long to say what became of the record (default: 5s)
      --no-wait              come back when the lane has decided
      --target <json>        a key as JSON, and the record that is meant: {"pipeline", "key",
                             "position"}; may be repeated
      --reason <text>        why; kept with the decision
      --by <name>            who decides (default: the user of the operating system)
      -y, --yes              do not ask before acting on several keys
      --json                 print one JSON document
      -h, --help             print help

    Global Options:
      --version              print the version
      --config <file>        settings file (default: keylane.config.{ts,mts,cts,js,mjs,cjs} in this
                             folder or above)
      --pipeline <name>      the pipeline that is meant
      --address <host:port>  Temporal's address, above all settings
      --namespace <name>     Temporal's namespace, above all settings

    Examples:
      keylane skip order-42 --reason "a test order"
      keylane skip order-42 --position shardId-000000000000:4958
    "
  `);
});

test('keylane replace --help', async () => {
  expect(await help('replace')).toMatchInlineSnapshot(`
    "Usage: keylane replace [options] [key]

    give the failed record of a key other data, and run it again

    Arguments:
      key                    the key, or pipeline:key

    Options:
      --data <json>          the new data, as JSON
      --file <file>          the new data, byte by byte as in this file
      --position <position>  act on this record or on nothing (shown by \`keylane show\`)
      --wait <duration>      wait so long to say what became of the record (default: 5s)
      --no-wait              come back when the lane has decided
      --target <json>        a key as JSON, and the record that is meant: {"pipeline", "key",
                             "position"}; may be repeated
      --reason <text>        why; kept with the decision
      --by <name>            who decides (default: the user of the operating system)
      -y, --yes              do not ask before acting on several keys
      --json                 print one JSON document
      -h, --help             print help

    Global Options:
      --version              print the version
      --config <file>        settings file (default: keylane.config.{ts,mts,cts,js,mjs,cjs} in this
                             folder or above)
      --pipeline <name>      the pipeline that is meant
      --address <host:port>  Temporal's address, above all settings
      --namespace <name>     Temporal's namespace, above all settings

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
      keys                   keys, each alone or as pipeline:key

    Options:
      --target <json>        a key as JSON, and the record that is meant: {"pipeline", "key",
                             "position"}; may be repeated
      --reason <text>        why; kept with the decision
      --by <name>            who decides (default: the user of the operating system)
      -y, --yes              do not ask before acting on several keys
      --json                 print one JSON document
      -h, --help             print help

    Global Options:
      --version              print the version
      --config <file>        settings file (default: keylane.config.{ts,mts,cts,js,mjs,cjs} in this
                             folder or above)
      --pipeline <name>      the pipeline that is meant
      --address <host:port>  Temporal's address, above all settings
      --namespace <name>     Temporal's namespace, above all settings

    Examples:
      keylane pause order-42 --reason "under investigation"
    "
  `);
});

test('keylane resume --help', async () => {
  expect(await help('resume')).toMatchInlineSnapshot(`
    "Usage: keylane resume [options] [keys...]

    let a paused key go on

    Arguments:
      keys                   keys, each alone or as pipeline:key

    Options:
      --target <json>        a key as JSON, and the record that is meant: {"pipeline", "key",
                             "position"}; may be repeated
      --reason <text>        why; kept with the decision
      --by <name>            who decides (default: the user of the operating system)
      -y, --yes              do not ask before acting on several keys
      --json                 print one JSON document
      -h, --help             print help

    Global Options:
      --version              print the version
      --config <file>        settings file (default: keylane.config.{ts,mts,cts,js,mjs,cjs} in this
                             folder or above)
      --pipeline <name>      the pipeline that is meant
      --address <host:port>  Temporal's address, above all settings
      --namespace <name>     Temporal's namespace, above all settings

    Examples:
      keylane resume order-42
    "
  `);
});
