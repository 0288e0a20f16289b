import { expect, test } from 'vitest';
import { RecentMap } from '../../../../lib/pure/recent-map.ts';

test('it forgets what was not used of late, and nothing else', () => {
  const map = new RecentMap(10);
  map.set('used', 'x');
  map.set('unused', 'x');
  for (let n = 1; n <= 100; n += 1) {
    map.set(`key-${n}`, `${n}`);
    expect(map.get('used')).toBe('x');
  }
  expect(map.get('unused')).toBeUndefined();
  expect(map.get('key-1')).toBeUndefined();
  expect([92, 96, 100].map((n) => map.get(`key-${n}`))).toEqual(['92', '96', '100']);
});

test('an entry is what it was set to last', () => {
  const map = new RecentMap(2);
  map.set('a', 'old');
  map.set('b', 'x');
  map.set('a', 'new');
  map.set('c', 'x');
  expect(map.get('a')).toBe('new');
});

test('what is deleted is gone, however long it was there', () => {
  const map = new RecentMap(2);
  for (const key of ['a', 'b', 'c']) map.set(key, 'x');
  for (const key of ['a', 'b', 'c']) map.delete(key);
  expect(['a', 'b', 'c'].map((key) => map.get(key))).toEqual([undefined, undefined, undefined]);
  map.set('a', 'y');
  map.clear();
  expect(map.get('a')).toBeUndefined();
});
