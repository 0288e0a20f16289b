import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { type PushedSubscription, ScriptedFanOut } from '../../../../support/fan-out/scripted-fan-out.ts';
import { never, records, textsOf, useScriptedFanOut } from './setup.ts';

/** An emulator's certificate, which nobody has signed. */
function identity(): { readonly key: string; readonly cert: string } {
  const folder = dirname(createRequire(import.meta.url).resolve('kinesis-local'));
  const { server } = JSON.parse(readFileSync(join(folder, 'server.json'), 'utf8')) as {
    server: ReturnType<typeof identity>;
  };
  return server;
}

describe('an endpoint with http://', () => {
  const it = useScriptedFanOut();

  test('is subscribed to over HTTP/1.1', async () => {
    const page = it.cursor().next(never);
    const subscription = await it.service.subscribed();
    subscription.send({ ContinuationSequenceNumber: '1' });
    await page;
    expect(subscription.httpVersion).toBe('1.1');
  });
});

describe('an endpoint with https://, as AWS has it', () => {
  const it = useScriptedFanOut(() => ScriptedFanOut.startTls(identity()));
  beforeEach(() => {
    vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0');
  });

  async function begin() {
    const cursor = it.cursor({ at: 'horizon' }, { idleMs: 500 });
    const page = cursor.next(never);
    const subscription = await it.service.subscribed();
    subscription.send({ Records: records(1), ContinuationSequenceNumber: '1' });
    return { cursor, subscription, page: await page };
  }

  test('is subscribed to over HTTP/2, and renewed', async () => {
    const { cursor, subscription, page } = await begin();
    expect(subscription.httpVersion).toBe('2.0');
    expect(textsOf(page)).toEqual(['1']);
    subscription.end();
    const next = cursor.next(never);
    const renewed = await it.service.subscribed();
    renewed.send({ Records: records(2), ContinuationSequenceNumber: '2' });
    expect(textsOf(await next)).toEqual(['2']);
  });

  test('two hundred shards are subscribed to at the same time by one process, each with its own session', async () => {
    const source = it.source();
    const shards = Array.from({ length: 200 }, (_, index) => `shardId-${String(index).padStart(12, '0')}`);
    const cursors = shards.map((shardId) => source.openShard(shardId, { at: 'horizon' }));
    const pages = cursors.map((cursor) => cursor.next(never));
    const subscriptions = new Map<unknown, PushedSubscription>();
    while (subscriptions.size < shards.length) {
      const subscription = await it.service.subscribed();
      subscriptions.set(subscription.input['ShardId'], subscription);
    }
    expect(it.service.connections).toBeGreaterThanOrEqual(shards.length);
    const first = { Records: records(1), ContinuationSequenceNumber: '1' };
    for (const subscription of subscriptions.values()) subscription.send(first);
    for (const page of await Promise.all(pages)) expect(textsOf(page)).toEqual(['1']);
    // One that its service ends takes no other along.
    const [ended, ...others] = shards;
    subscriptions.get(ended)?.end();
    const more = cursors.slice(1).map((cursor) => cursor.next(never));
    for (const shardId of others) {
      subscriptions.get(shardId)?.send({ Records: records(2), ContinuationSequenceNumber: '2' });
    }
    for (const page of await Promise.all(more)) expect(textsOf(page)).toEqual(['2']);
  });

  test('a connection that breaks is unavailable, and ends nothing else', async () => {
    const { cursor } = await begin();
    it.service.cut();
    await expect(cursor.next(never)).rejects.toMatchObject({ name: 'SourceUnavailableError' });
    const next = cursor.next(never);
    (await it.service.subscribed()).send({ Records: records(2), ContinuationSequenceNumber: '2' });
    expect(textsOf(await next)).toEqual(['2']);
  });

  test('an abort ends the stream of HTTP/2', async () => {
    const { cursor, subscription } = await begin();
    const stop = new AbortController();
    const next = cursor.next(stop.signal);
    stop.abort(new Error('The reader comes home.'));
    await expect(next).rejects.toThrow('The reader comes home.');
    await subscription.closed;
  });

  test('O9: what nobody asks for is held back, and given up after a while', async () => {
    const { subscription } = await begin();
    const [record] = records(2);
    const large = { ...record, Data: Buffer.alloc(1 << 20).toString('base64') };
    let sent = 0;
    while (sent < 64 && subscription.send({ Records: [large], ContinuationSequenceNumber: '2' })) sent += 1;
    expect(sent).toBeLessThan(64);
    await subscription.closed;
  });
});
