// What the compose test watches: the demo's poison key is blocked while all else goes on; it outlives a new Temporal
// container, and a restart of everything; it is released from inside a container; every event is handled once and in order.
import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { deviations } from '../../dist/demo/books.js';
import { EVENTS_PER_ORDER, fixed, ORDERS, POISON_EVENT, POISON_ORDER } from '../../dist/demo/orders.js';

const STAYING = ['temporal', 'kinesis', 'dynamodb', 'bridge', 'worker'];
const ALL = ORDERS * EVENTS_PER_ORDER;
const HELD_BACK = EVENTS_PER_ORDER - POISON_EVENT + 1;
const PATIENCE_MS = 120_000;

/** @param compose runs `docker compose` with these arguments and gives its standard output */
export async function runScenario({ compose, say, signal }) {
  const inWorker = async (...command) => await compose(['exec', '-T', 'worker', ...command]);
  const blocked = async () => JSON.parse(await inWorker('keylane', 'blocked', '--json')).blocked;
  const booked = async () => parseBooks(await inWorker('sh', '-c', 'cat "$ORDERS_BOOKS" 2>/dev/null || true'));
  const until = async (what, look) => {
    const deadline = Date.now() + PATIENCE_MS;
    for (;;) {
      const { good, seen } = await look();
      if (good) return;
      if (Date.now() > deadline) throw new Error(`${what}: not so after ${PATIENCE_MS / 1000} s; ${seen}`);
      await delay(1000, undefined, { signal });
    }
  };

  const stillBlocked = async () => {
    await until(`${POISON_ORDER} is still blocked`, async () => {
      // Bridge and worker are on their way back to Temporal, and so may be the command.
      const found = await blocked().catch((error) => error);
      if (found instanceof Error) return { good: false, seen: found.message };
      return { good: found.length === 1 && found[0].exact, seen: JSON.stringify(found) };
    });
    say(`${POISON_ORDER} is still blocked`);
  };
  const up = async (...args) => await compose(['up', '--detach', '--wait', '--wait-timeout', '180', ...args]);

  say('Building the image');
  // One of the three services that run it.
  await compose(['build', 'bridge']);
  say(`Bringing up ${STAYING.join(', ')}, and waiting until they are healthy`);
  await up(...STAYING);
  say(await compose(['ps', '--format', 'table {{.Service}}\t{{.Image}}\t{{.Status}}']));
  await lookInside(inWorker, say);

  say('Running the producer');
  await compose(['up', '--detach', 'producer']);
  await until('The producer ends', async () => {
    const { State, ExitCode } = await container(compose, 'producer');
    assert.ok(State !== 'exited' || ExitCode === 0, `The producer failed: ${await compose(['logs', 'producer'])}`);
    return { good: State === 'exited', seen: State };
  });
  say(await compose(['logs', '--no-log-prefix', 'producer']));

  await until(`${POISON_ORDER} is blocked and all others are done`, async () => {
    const keys = (await blocked()).map(({ key }) => key);
    const events = (await booked()).length;
    const good = keys.join() === POISON_ORDER && events === ALL - HELD_BACK;
    return { good, seen: `blocked: ${keys.join() || 'none'}; ${events} events handled` };
  });
  say(`${POISON_ORDER} is blocked; ${ALL - HELD_BACK} of ${ALL} events are handled`);
  say(await inWorker('keylane', 'blocked'));

  say('A new Temporal container on the same volume, under the running bridge and worker');
  await up('--no-deps', '--force-recreate', 'temporal');
  await stillBlocked();

  const before = await booked();
  await stopInOrder(compose, say);
  say('Down and up again: new containers, the volumes stay');
  await compose(['down']);
  await up(...STAYING);
  await stillBlocked();

  say('Releasing it');
  const reason = ['--reason', 'the amount was a word', '--by', 'compose-test'];
  say(await inWorker('keylane', 'replace', POISON_ORDER, '--data', JSON.stringify(fixed()), ...reason));
  await until('All events are handled', async () => {
    const events = before.length + (await booked()).length;
    return { good: events >= ALL, seen: `${events} of ${ALL}` };
  });
  await until('Nothing is blocked', async () => {
    const found = await blocked();
    return { good: found.length === 0, seen: JSON.stringify(found) };
  });
  const all = [...before, ...(await booked())];
  assert.deepEqual(deviations(all), []);
  say(`Every event of every order was handled once and in order: ${all.length}`);
}

async function lookInside(inWorker, say) {
  const user = (await inWorker('id', '-un')).trim();
  assert.notEqual(user, 'root');
  const modules = (await inWorker('ls', '/opt/keylane/node_modules')).split('\n');
  for (const name of ['typescript', 'vitest', 'kinesalite', 'oxlint']) assert.ok(!modules.includes(name), name);
  const look = "fetch('http://temporal:8233').then((answer) => console.log(answer.status))";
  assert.equal((await inWorker('node', '--eval', look)).trim(), '200');
  say(`The worker runs as ${user}, without development dependencies; Temporal's UI answers`);
}

async function stopInOrder(compose, say) {
  say('Stopping bridge and worker');
  await compose(['stop', 'bridge', 'worker']);
  for (const service of ['bridge', 'worker']) {
    const { ExitCode } = await container(compose, service);
    assert.equal(ExitCode, 0, `${service} ended with ${ExitCode}: ${await compose(['logs', '--tail', '20', service])}`);
  }
  say('Both have shut down in order');
}

async function container(compose, service) {
  return JSON.parse(await compose(['ps', '--all', '--format', 'json', service]));
}

function parseBooks(text) {
  return text.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line)]));
}
