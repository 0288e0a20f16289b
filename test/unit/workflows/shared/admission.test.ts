import { describe, expect, test } from 'vitest';
import fc from 'fast-check';
import type { Position } from '../../../../contracts/event/position.ts';
import { admit } from '../../../../workflows/shared/admission.ts';
import type { PersistentDedupState } from '../../../../workflows/shared/marks.ts';

const MARGIN_MS = 1000;
const at = (shardId: string, number: number): Position => ({ shardId, sequenceNumber: String(number) });
const placeOf = (item: Position): Position => item;
const EMPTY: PersistentDedupState = { marks: {}, behindSince: {}, remembersSince: 5000 };
const arrival = (items: readonly Position[], leaseUntil = 1_000_000) => ({ items, leaseUntil, placeOf });

describe('admission', () => {
  test('O6: a signal of a reader that had lost its shards when marks were last forgotten is dropped whole', () => {
    const items = [at('a', 1)];
    expect(admit(EMPTY, arrival(items, 3999), MARGIN_MS)).toEqual({ memory: EMPTY, fresh: [], again: [] });
    expect(admit(EMPTY, arrival(items, 4000), MARGIN_MS).fresh).toEqual(items);
  });

  test('O6: what was accepted before is told apart from what is new, within one signal too', () => {
    const memory = { ...EMPTY, marks: { a: at('a', 3) }, behindSince: { a: 7, b: 8 } };
    const { fresh, again, memory: after } = admit(memory, arrival([at('a', 3), at('a', 4), at('a', 4)]), MARGIN_MS);
    expect(fresh).toEqual([at('a', 4)]);
    expect(again).toEqual([at('a', 3), at('a', 4)]);
    expect(after).toEqual({ marks: { a: at('a', 4) }, behindSince: { b: 8 }, remembersSince: 5000 });
  });

  test('gives back the memory alone, of a state that holds more', () => {
    const lane = { ...EMPTY, queue: [1] };
    const { memory } = admit(lane, arrival([]), MARGIN_MS);
    expect(memory).toEqual(EMPTY);
  });

  test('O1, O6: of what is sent again and again, each item is admitted once and in the order of its shard', () => {
    const shard = fc.constantFrom('a', 'b');
    const signals = fc.array(fc.array(fc.tuple(shard, fc.integer({ min: 1, max: 9 })), { maxLength: 6 }), {
      maxLength: 8,
    });
    fc.assert(
      fc.property(signals, (all) => {
        let memory = EMPTY;
        const admitted: Position[] = [];
        for (const items of all) {
          const result = admit(memory, arrival(items.map(([shardId, number]) => at(shardId, number))), MARGIN_MS);
          expect(result.fresh.length + result.again.length).toBe(items.length);
          memory = result.memory;
          admitted.push(...result.fresh);
        }
        for (const shardId of ['a', 'b']) {
          const numbers = admitted
            .filter((each) => each.shardId === shardId)
            .map(({ sequenceNumber }) => Number(sequenceNumber));
          expect(numbers).toEqual([...new Set(numbers)].toSorted((a, b) => a - b));
          expect(memory.marks[shardId]?.sequenceNumber).toBe(numbers.length === 0 ? undefined : String(numbers.at(-1)));
        }
      }),
    );
  });
});
