/** What every store of large events does; each adapter runs it on the real thing. */
import { randomBytes, randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { DataGoneError } from '../../stores/errors.ts';
import type { EventStore } from '../../stores/store.ts';

const { signal } = new AbortController();
const nameOf = (last: string) => `orders/shardId-000000000000/${last}`;

export function storeContract(what: string, store: () => EventStore): void {
  describe(what, () => {
    test('gives back the very bytes, up to the largest record there is', async () => {
      for (const size of [0, 1, 65_537, 10 * 1024 * 1024]) {
        const bytes = randomBytes(size);
        const name = nameOf(`${size}-${randomUUID()}`);
        await store().put(name, bytes, signal);
        expect(Buffer.compare(await store().get(name, signal), bytes)).toBe(0);
      }
    });

    test('O6 the same name again replaces what was there', async () => {
      const name = nameOf(randomUUID());
      await store().put(name, Buffer.from('a longer text'), signal);
      await store().put(name, Buffer.from('text'), signal);
      expect(Buffer.from(await store().get(name, signal)).toString()).toBe('text');
    });

    test('says of an object that is not there that it is gone, and deletes it as often as it is asked to', async () => {
      const [name, other] = [nameOf(randomUUID()), nameOf(randomUUID())];
      await store().put(name, Buffer.from('a'), signal);
      await store().put(other, Buffer.from('b'), signal);
      await store().delete(name, signal);
      await store().delete(name, signal);
      const gone = await store()
        .get(name, signal)
        .catch((error: unknown) => error);
      expect(gone).toBeInstanceOf(DataGoneError);
      expect((gone as Error).message).toContain(name);
      expect(Buffer.from(await store().get(other, signal)).toString()).toBe('b');
    });

    test('does nothing for somebody who has given up, and says why', async () => {
      const given = AbortSignal.abort(new Error('the reader has stopped'));
      const name = nameOf(randomUUID());
      await expect(store().put(name, Buffer.from('a'), given)).rejects.toThrow('the reader has stopped');
      await expect(store().get(name, given)).rejects.toThrow('the reader has stopped');
      await expect(store().get(name, signal)).rejects.toBeInstanceOf(DataGoneError);
    });
  });
}
