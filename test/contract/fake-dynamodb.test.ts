import { FakeAws, systemClock } from '../support/fake-aws/index.ts';
import { FaultProxy } from '../support/emulators/index.ts';
import { openSource } from '../../sources/open.ts';
import { describeSource, type SourceUnderTest } from './source.contract.ts';

// Known to differ from AWS: see "Not modelled" in test/support/fake-aws/index.ts.
describeSource('the fake as DynamoDB Streams', async () => setup(await FakeAws.start({ clock: systemClock })));

function setup(fake: FakeAws<typeof systemClock>): SourceUnderTest {
  let tables = 0;
  const open = (table: string, endpoint: string) => openSource({ kind: 'dynamodb', table, endpoint });
  return {
    async createStream() {
      tables += 1;
      const table = fake.createTable(`table-${tables}`);
      const proxy = await FaultProxy.before(fake.endpoint);
      const source = open(table.name, proxy.endpoint);
      return {
        source,
        proxy,
        async write(texts) {
          for (const text of texts) table.put({ id: { S: 'key' } }, { text: { S: text } });
        },
        textOf: ({ data }) => {
          const { dynamodb } = JSON.parse(Buffer.from(data).toString()) as StreamRecord;
          return dynamodb.NewImage.text.S;
        },
        async close() {
          source.close();
          await proxy.stop();
        },
      };
    },
    openMissing: () => open('missing', fake.endpoint),
    openUnreachable: () => open('any', 'http://127.0.0.1:1'),
    trimmed: { operation: 'GetShardIterator', error: 'TrimmedDataAccessException' },
    stop: () => fake.stop(),
  };
}

interface StreamRecord {
  readonly dynamodb: { readonly NewImage: { readonly text: { readonly S: string } } };
}
