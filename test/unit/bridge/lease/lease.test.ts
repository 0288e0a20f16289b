import { expect, test } from 'vitest';
import { CONFIRM_EVERY_MS } from '../../../../contracts/pipeline/lease.ts';
import { Lease, LeaseLostError } from '../../../../bridge/lease/lease.ts';
import { FreezeWatch, FrozenError } from '../../../../lib/node/freeze-watch.ts';
import { VirtualClock } from '../virtual-clock.ts';

const HEARTBEAT = 10_000;
const STARTED = 1_700_000_000_000;

function open(answers: (number | undefined | Error)[]) {
  const clock = new VirtualClock();
  const jump = { ms: 0 };
  const freezeWatch = new FreezeWatch({ monotonic: () => clock.now() + jump.ms, wall: () => clock.now() });
  let questions = 0;
  const lease = new Lease({
    reader: 'orders/1',
    freezeWatch,
    heartbeatTimeoutMs: HEARTBEAT,
    clock,
    random: () => 1,
    find: async () => {
      const answer = answers[Math.min(questions, answers.length - 1)];
      questions += 1;
      if (answer instanceof Error) throw answer;
      return answer;
    },
  });
  return { clock, lease, freezeWatch, freeze: (ms: number) => (jump.ms += ms), asked: () => questions };
}

test('O6: a stamp is the start on the server, plus the time that the attempt was seen running, plus the heartbeat timeout', async () => {
  const { clock, lease, asked } = open([STARTED]);
  expect(await lease.stamp()).toBe(STARTED + HEARTBEAT);
  await clock.advance(7000);
  expect(await lease.stamp()).toBe(STARTED + 7000 + HEARTBEAT);
  expect(asked()).toBe(1);
});

test('O6: there is no stamp until the start on the server is known', async () => {
  const { clock, lease, asked } = open([new Error('no connection'), new Error('no connection'), STARTED]);
  const both = Promise.all([lease.stamp(), lease.stamp()]);
  const [first, second] = await clock.until(both);
  expect(first).toBe(STARTED + 600 + HEARTBEAT);
  expect(second).toBe(first);
  expect(asked()).toBe(3);
});

test('O6: the server is asked again now and then, and an attempt that it no longer runs is over', async () => {
  const { clock, lease, asked } = open([STARTED, STARTED, undefined]);
  await lease.stamp();
  for (let part = 0; part < 2; part += 1) {
    await clock.advance(CONFIRM_EVERY_MS / 10);
    await lease.stamp();
  }
  expect(asked()).toBe(1);
  await advanceAwake(clock, lease, CONFIRM_EVERY_MS);
  expect(asked()).toBe(2);
  await expect(advanceAwake(clock, lease, CONFIRM_EVERY_MS)).rejects.toThrow(LeaseLostError);
  expect(lease.lost.reason).toBeInstanceOf(LeaseLostError);
  await expect(lease.stamp()).rejects.toThrow('no longer runs this attempt');
});

test('O6: after a freeze longer than the heartbeat timeout there is no stamp, and who listens hears first', async () => {
  const { lease, freeze } = open([STARTED]);
  await lease.stamp();
  const heard: string[] = [];
  lease.lost.addEventListener('abort', () => heard.push('lost'));
  freeze(HEARTBEAT + 1);
  const stamp = lease.stamp().catch((error: unknown) => {
    heard.push('no stamp');
    return error;
  });
  expect(await stamp).toBeInstanceOf(FrozenError);
  expect(heard).toEqual(['lost', 'no stamp']);
});

test('F1 O6: who asks for no stamp, as on the way home, learns of a freeze and of a lost lease as well', async () => {
  const { lease, freeze } = open([STARTED]);
  lease.check();
  freeze(HEARTBEAT + 1);
  expect(() => lease.check()).toThrow(FrozenError);
  const other = open([STARTED]).lease;
  other.lose(new LeaseLostError('somebody else reads'));
  expect(() => other.check()).toThrow(LeaseLostError);
});

test('a lease that is closed ends the questions in progress', async () => {
  const { clock, lease } = open([new Error('no connection')]);
  const stamp = lease.stamp();
  stamp.catch(() => {});
  await clock.settle();
  lease.close();
  await expect(stamp).rejects.toThrow('has stopped');
  expect(clock.sleepers).toBe(0);
});

/** Time that passes while the process runs: stamps every second. */
async function advanceAwake(clock: VirtualClock, lease: Lease, ms: number): Promise<void> {
  for (let passed = 0; passed <= ms; passed += 1000) {
    await clock.advance(1000);
    await lease.stamp();
  }
}
