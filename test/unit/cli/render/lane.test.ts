import { describe, expect, test } from 'vitest';
import type { EventData } from '../../../../contracts/event/event.ts';
import { LARGE_EVENT } from '../../../../contracts/event/large-events.ts';
import type { HeadFailure } from '../../../../contracts/lane/phase.ts';
import type { ObservedLane } from '../../../../operations/lanes/lane-view.ts';
import { renderLane } from '../../../../cli/render/lane.ts';
import { PLAIN } from '../fake-io.ts';

const NOW = Date.parse('2026-03-01T12:00:00Z');
const POSITION = { shardId: 'shardId-000000000003', sequenceNumber: '4959033827' };

const failing: HeadFailure = {
  failure: {
    type: 'TypeError',
    message: 'total is missing',
    stack: 'TypeError: total is missing\n    at handle (/app/handlers/orders.ts:7:11)\n    at run (/app/run.ts:1:1)',
    nonRetryable: false,
  },
  policy: { maxAttempts: 10, initialIntervalMs: 1000, backoff: 2, maxIntervalMs: 60_000 },
  since: NOW - 192_000,
  attempts: 10,
  roundFrom: 0,
};

const blocked: ObservedLane = {
  pipeline: 'orders',
  key: 'order-42',
  workflowId: 'orders:order-42',
  phase: { state: 'blocked', ...failing },
  head: {
    position: POSITION,
    arrivedAt: NOW - 300_000,
    data: { json: { orderId: 'order-42', lines: [{ sku: 'a', amount: 2 }] } },
    size: 57,
    source: 'kinesis',
  },
  waiting: 3,
  next: [
    { position: 'shardId-000000000003:4959033828', arrivedAt: NOW - 200_000, size: 57 },
    { position: 'shardId-000000000003:4959033830', arrivedAt: NOW - 100_000, size: 60 },
  ],
  handled: 12,
  decisions: [],
  marks: {},
};

const render = (lane: ObservedLane, name = 'order-42', full = false) =>
  `\n${renderLane(lane, { name, program: 'keylane', style: PLAIN, now: NOW, full })}\n`;

const withData = (data: EventData) => render({ ...blocked, head: { ...blocked.head!, data } });

test('blocked: head, data, failure, what waits, and the exact commands to release it', () => {
  expect(render(blocked)).toMatchInlineSnapshot(`
    "
    order-42  blocked for 3m12s, 10 attempts, 12 events handled

    Head  shardId-000000000003:4959033827
      arrived 5m ago (2026-03-01T11:55:00.000Z), 57 bytes
      {
        "orderId": "order-42",
        "lines": [
          {
            "sku": "a",
            "amount": 2
          }
        ]
      }

    Failure  TypeError: total is missing
      at handle (/app/handlers/orders.ts:7:11)
      at run (/app/run.ts:1:1)

    Waiting  3 events behind the head
      RECORD                           ARRIVED    SIZE
      shardId-000000000003:4959033828  3m20s ago  57 B
      shardId-000000000003:4959033830  1m40s ago  60 B
      and 1 more

    To unblock
      try it again      keylane retry --position shardId-000000000003:4959033827 order-42
      drop it           keylane skip --position shardId-000000000003:4959033827 order-42
      give it new data  keylane replace --position shardId-000000000003:4959033827 --data '{...}' order-42
    "
  `);
});

test('paused while it was retrying: who, why, and what was decided before', () => {
  const lane: ObservedLane = {
    ...blocked,
    phase: {
      state: 'paused',
      since: NOW - 60_000,
      by: 'ana',
      reason: 'bank is down',
      held: { state: 'retrying', ...failing },
    },
    waiting: 0,
    next: [],
    decisions: [
      {
        verb: 'retry',
        outcome: 'done',
        at: NOW - 120_000,
        by: 'ana',
        position: 'shardId-000000000003:4959033827',
        stateBefore: 'blocked',
        stateAfter: 'retrying',
      },
      {
        verb: 'skip',
        outcome: 'refused',
        why: 'no event has failed',
        at: NOW - 90_000,
        by: 'bo',
        stateBefore: 'idle',
        stateAfter: 'idle',
      },
      {
        verb: 'pause',
        outcome: 'done',
        at: NOW - 60_000,
        by: 'ana',
        reason: 'bank is down',
        stateBefore: 'retrying',
        stateAfter: 'paused',
      },
    ],
  };
  expect(render(lane)).toMatchInlineSnapshot(`
    "
    order-42  paused 1m ago by ana (bank is down), 12 events handled

    Head  shardId-000000000003:4959033827
      arrived 5m ago (2026-03-01T11:55:00.000Z), 57 bytes
      {
        "orderId": "order-42",
        "lines": [
          {
            "sku": "a",
            "amount": 2
          }
        ]
      }

    Failure  TypeError: total is missing
      at handle (/app/handlers/orders.ts:7:11)
      at run (/app/run.ts:1:1)

    Decisions
      WHEN       VERB   BY   RESULT    RECORD                           WHY
      1m ago     pause  ana  paused                                     bank is down
      1m30s ago  skip   bo   refused                                    no event has failed
      2m ago     retry  ana  retrying  shardId-000000000003:4959033827

    To resume
      keylane resume order-42
    "
  `);
});

test('idle, running, ended', () => {
  const { head: _head, ...rest } = blocked;
  const quiet: ObservedLane = { ...rest, phase: { state: 'idle' }, waiting: 0, next: [], handled: 1 };
  expect(render(quiet)).toMatchInlineSnapshot(`
    "
    order-42  idle, 1 event handled
    "
  `);
  expect(render({ ...quiet, phase: { state: 'running', count: 4 } })).toMatchInlineSnapshot(`
    "
    order-42  running 4 events, 1 event handled
    "
  `);
  expect(render({ ...quiet, ended: { how: 'COMPLETED', at: NOW - 3_600_000 } })).toMatchInlineSnapshot(`
    "
    order-42  closed when idle 1h ago, 1 event handled
    "
  `);
});

test('long data is cut unless all of it is asked for', () => {
  const lane = { ...blocked, head: { ...blocked.head!, data: { text: 'x'.repeat(5000) } } };
  expect(render(lane)).toContain('(5000 characters; --full shows all)');
  expect(render(lane, 'order-42', true)).toContain('x'.repeat(5000));
});

test('O8 text that is JSON is indented, bytes are shown with what of them is text', () => {
  expect(withData({ text: '{"a": 1}' })).toContain('{\n    "a": 1\n  }');
  expect(withData({ base64: 'AAEC' })).toContain('00000000  00 01 02 ');
  // A broken aggregate: the magic number, and text among what is binary.
  const broken = Buffer.concat([Buffer.from([0xf3, 0x89, 0x9a, 0xc2, 0x0a, 0x05]), Buffer.from('key-1\u0000{"n":1}')]);
  expect(withData({ base64: broken.toString('base64') })).toContain(
    ['f3 89 9a c2 0a 05 6b 65 79 2d 31 00 7b 22 6e 22  ......key-1.{"n"', '00000010  3a 31 7d'].join('\n  '),
  );
});

test('keys that a shell would take apart are quoted in the commands', () => {
  expect(render(blocked, "it's; rm -rf")).toContain(
    String.raw`keylane retry --position shardId-000000000003:4959033827 'it'\''s; rm -rf'`,
  );
  expect(render(blocked, '-x')).toContain('keylane skip --position shardId-000000000003:4959033827 -- -x');
});

test('data cannot write to the terminal, and its lines stay', () => {
  const lane = { ...blocked, head: { ...blocked.head!, data: { text: 'a\n\u001b]0;owned\u0007' } } };
  expect(render(lane)).toContain(String.raw`a
  \u001b]0;owned\u0007`);
});

describe('large data', () => {
  const preview = '{"orderId":"order-42","lines":[';
  const large = (data: EventData, keptUntil?: number) => {
    const head = { ...blocked.head!, data, size: 1_234_567 };
    const failure = { type: LARGE_EVENT, message: 'no store', nonRetryable: true };
    const phase = { ...failing, state: 'blocked', failure } as const;
    return render({ ...blocked, phase, head, waiting: 0, next: [], ...(keptUntil === undefined ? {} : { keptUntil }) });
  };

  test('in the store: where it is, and how it begins', () => {
    expect(large({ claim: { name: 'orders/shardId-000000000003/4959033827-0a1b', sha256: '0a1b', preview } }))
      .toMatchInlineSnapshot(`
        "
        order-42  blocked for 3m12s, 10 attempts, 12 events handled

        Head  shardId-000000000003:4959033827
          arrived 5m ago (2026-03-01T11:55:00.000Z), 1234567 bytes
          in the store of large events: orders/shardId-000000000003/4959033827-0a1b
          it begins with:
          {"orderId":"order-42","lines":[…

        Failure  LargeEventError: no store

        To unblock
          try it again      keylane retry --position shardId-000000000003:4959033827 order-42
          drop it           keylane skip --position shardId-000000000003:4959033827 order-42
          give it new data  keylane replace --position shardId-000000000003:4959033827 --data '{...}' order-42
        "
      `);
  });

  test('in the source only: until when, and what helps is not taken for useless', () => {
    expect(large({ sourceOnly: { preview } }, NOW + 5 * 3_600_000)).toMatchInlineSnapshot(`
      "
      order-42  blocked for 3m12s, 10 attempts, 12 events handled

      Head  shardId-000000000003:4959033827
        arrived 5m ago (2026-03-01T11:55:00.000Z), 1234567 bytes
        in no store; the source keeps it until 2026-03-01T17:00:00.000Z (in 5h)
        it begins with:
        {"orderId":"order-42","lines":[…

      Failure  LargeEventError: no store

      To unblock
        try it again      keylane retry --position shardId-000000000003:4959033827 order-42
        drop it           keylane skip --position shardId-000000000003:4959033827 order-42
        give it new data  keylane replace --position shardId-000000000003:4959033827 --data '{...}' order-42
      "
    `);
    expect(large({ sourceOnly: { preview } }, NOW - 60_000)).toContain(
      'until 2026-03-01T11:59:00.000Z (1m ago: it may be gone)',
    );
    expect(large({ sourceOnly: { preview } })).toContain('in no store; the source keeps it until its retention ends');
  });
});

test('a lane that takes over says that it does not show everything yet', () => {
  const recovering = { runId: 'r', how: 'TERMINATED', at: NOW - 5000 };
  const lane: ObservedLane = { ...blocked, phase: { state: 'idle' }, recovering, waiting: 0, next: [], handled: 0 };
  expect(render(lane)).toContain(
    'order-42  recovering from a run that was terminated externally (TERMINATED 5s ago); what follows is incomplete, 0 events handled',
  );
});
