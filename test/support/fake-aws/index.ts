/**
 * A scripted fake of Kinesis Data Streams and DynamoDB Streams, for what no emulator does: shards of DynamoDB that roll
 * and split, throttling, a clock that a test moves, trimming, and listings that are wrong for a while.
 *
 * One HTTP server speaks AWS's JSON protocol to the real SDK clients (`endpoint`). A test drives the rest in process:
 *
 *     const fake = await FakeAws.start();                       // or { clock: systemClock }
 *     const stream = fake.createStream('orders', { shards: 2 });
 *     stream.put({ key: 'a', data: '1' });                      // split, merge, updateShardCount, listing
 *     const table = fake.createTable('orders', { shards: 2 });
 *     table.put({ id: { S: 'a' } }, { n: { N: '1' } });         // delete, expire, roll, split, disableStream
 *     fake.clock.advance(4 * 3_600_000);                        // every shard of the table has rolled
 *     fake.faults.add({ operation: 'GetRecords', times: 3, fault: faults.throttled });
 *     fake.manners.trailingEmptyPages = 2;
 *     fake.limits.enforced = true;
 *
 * The SDK tries a call three times by itself: a fault that shall reach the caller needs `times: 3`, or a client with
 * `maxAttempts: 1`.
 *
 * What each part follows (D: AWS's documentation; S: read in public source; P: reported by people; U: our guess)
 *
 * | part | follows |
 * | --- | --- |
 * | kinesis/sequence-numbers.ts | S kinesalite: second of the shard's creation, counter, second of the write, index. D: strictly increasing in a shard |
 * | kinesis/stream.ts | D SplitShard (two children, one parent), MergeShards (one child, two parents), UpdateShardCount (short-lived shards in between), writes go to the parents while UPDATING, md5 of the partition key unless ExplicitHashKey |
 * | kinesis/list-shards.ts | D ListShards: filters, NextToken without StreamName, 300 s, at most 10,000; expired shards are not listed |
 * | kinesis/read-shard.ts | D iterators live 5 minutes, 10,000 records or 10 MiB a page, ChildShards with the last page only. U the end of a page that counts for MillisBehindLatest. P a start that has been trimmed: `manners.trimmedStart` |
 * | read-limits.ts | D 5 calls and 2 MiB a second and shard, 5 s of throttling after 10 MiB; DescribeStream 10 a second. U 10 GetRecords a second for a shard of DynamoDB (D: "two processes") |
 * | dynamodb/table-stream.ts | P a shard rolls after 4 hours; D a split has one parent each, a day of retention, another ARN each time that a stream is enabled, nothing between the two |
 * | dynamodb/shard.ts | S ids of 20 digits of ms and 8 of hex; D numbers of 21 to 40 digits. Ours grow by a digit soon after the start of a shard, and are in no order between shards: who compares as text, or across shards, shall fail |
 * | dynamodb/table.ts | D no record for a write that changes nothing, view types, REMOVE by the Service principal for time to live |
 * | dynamodb/read-shard.ts | D iterators live 15 minutes, 1,000 records or 1 MiB a page, TrimmedDataAccessException of GetShardIterator and of GetRecords |
 * | shard-pages.ts | D a page may be empty anywhere; only the absent iterator ends a shard. P last records with and without it: `manners` |
 * | faults.ts, fault-kinds.ts | P listings that leave out, repeat, reorder, lag, or show an open parent beside its child |
 *
 * Not modelled: signatures and access, CBOR, HTTP/2, SubscribeToShard and consumers, encryption, on-demand mode, write
 * throughput, the states CREATING, ENABLING and DISABLING, partial failures of PutRecords, DescribeStream of Kinesis,
 * DynamoDB's table API over HTTP (writes are in process), global tables, transactions, and numbers in images being
 * brought into DynamoDB's form. A DynamoDB split halves the range of hashes; how AWS partitions is not known.
 */
export { systemClock } from './clock.ts';
export { FakeAws } from './fake-aws.ts';
export * as faults from './fault-kinds.ts';
export type { FaultRule } from './faults.ts';
export type { FakeTable } from './dynamodb/table.ts';
export type { FakeKinesisStream } from './kinesis/stream.ts';
