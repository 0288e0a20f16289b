import { expect, test } from 'vitest';
import { marksAhead } from '../../../../workflows/lane/marks.ts';

const at = (shardId: string, sequenceNumber: string) => ({ shardId, sequenceNumber });

test('O6 a mark is remembered until the durable checkpoint of its shard has passed it', () => {
  const marks = { a: at('a', '10'), b: at('b', '10'), c: at('c', '10'), d: at('d', '10'), e: at('e', '10') };
  const ahead = marksAhead(marks, {
    a: { ended: false, position: at('a', '9') },
    b: { ended: false, position: at('b', '10') },
    c: { ended: true },
    d: { ended: false },
    // e is known no more: the lineage forgets a shard only when it has been taken over whole.
  });
  expect(Object.keys(ahead)).toEqual(['a', 'd']);
});
