import { expect, test } from 'vitest';
import { checkpointsOf, forgetOldMarks, marksAhead } from '../../../../workflows/lane/marks.ts';

const at = (shardId: string, sequenceNumber: string) => ({ shardId, sequenceNumber });

test('O6 a mark is remembered until the durable checkpoint of its shard has passed it', () => {
  const marks = { a: at('a', '10'), b: at('b', '10'), c: at('c', '10'), d: at('d', '10') };
  const ahead = marksAhead(marks, {
    a: { ended: false, position: at('a', '9') },
    b: { ended: false, position: at('b', '10') },
    c: { ended: true },
    d: { ended: false },
  });
  expect(Object.keys(ahead)).toEqual(['a', 'd']);
});

test('O6 of a shard that the pipeline knows no more there is nothing to remember: it has been taken over whole', () => {
  expect(marksAhead({ a: at('a', '10') }, checkpointsOf(['a'], {}))).toEqual({});
});

test('O6 a mark that came while the checkpoints were asked for is remembered', () => {
  const marks = { a: at('a', '10'), fresh: at('fresh', '1') };
  expect(Object.keys(marksAhead(marks, checkpointsOf(['a'], { a: { ended: true } })))).toEqual(['fresh']);
});

test('O6 in a lane that is at work a mark is forgotten only when it has been behind for a while', () => {
  const memory = { marks: { a: at('a', '10'), b: at('b', '10'), c: at('c', '10') }, behindSince: { a: 100, b: 900 } };
  const checkpoints = { a: { ended: true }, b: { ended: true }, c: { ended: true } } as const;
  const left = forgetOldMarks(memory, checkpoints, 1000, 500);
  expect(Object.keys(left.marks)).toEqual(['b', 'c']);
  expect(left.behindSince).toEqual({ b: 900, c: 1000 });
});

test('O6 a mark that is ahead again is not behind any more', () => {
  const memory = { marks: { a: at('a', '20') }, behindSince: { a: 100 } };
  const checkpoints = { a: { ended: false, position: at('a', '10') } } as const;
  expect(forgetOldMarks(memory, checkpoints, 10_000, 500)).toEqual({ marks: memory.marks, behindSince: {} });
});
