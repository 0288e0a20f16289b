import {
  type AttributeValue,
  CreateTableCommand,
  DeleteItemCommand,
  DeleteTableCommand,
  DescribeTableCommand,
  DynamoDBClient,
  PutItemCommand,
  type ScalarAttributeType,
  UpdateTableCommand,
  UpdateTimeToLiveCommand,
} from '@aws-sdk/client-dynamodb';
import { setTimeout as delay } from 'node:timers/promises';
import { EMULATOR_CREDENTIALS, EMULATOR_REGION } from './credentials.ts';

const POLL_MS = 20;

export type DynamodbItem = Record<string, AttributeValue>;

interface KeyAttribute {
  readonly name: string;
  readonly type: ScalarAttributeType;
}

export interface TableOptions {
  /** @default { name: 'id', type: 'S' } */
  readonly hash?: KeyAttribute;
  readonly range?: KeyAttribute;
  /** @default true */
  readonly stream?: boolean;
}

/** A table of DynamoDB Local from its writers' and its owner's side. */
export class DynamodbTable {
  readonly name: string;
  readonly #client: DynamoDBClient;

  private constructor(client: DynamoDBClient, name: string) {
    this.#client = client;
    this.name = name;
  }

  /** Creates it, with a stream of new and old images, and waits until it is active. */
  static async create(endpoint: string, name: string, options: TableOptions = {}): Promise<DynamodbTable> {
    const client = new DynamoDBClient({ endpoint, region: EMULATOR_REGION, credentials: EMULATOR_CREDENTIALS });
    const table = new DynamodbTable(client, name);
    await table.#create(options);
    return table;
  }

  /** Deletes it and creates another one of its name. */
  async recreate(options: TableOptions = {}): Promise<void> {
    await this.#client.send(new DeleteTableCommand({ TableName: this.name }));
    await this.#create(options);
  }

  async #create(options: TableOptions): Promise<void> {
    const { hash = { name: 'id', type: 'S' }, range, stream = true } = options;
    const keys = range === undefined ? [hash] : [hash, range];
    await this.#client.send(
      new CreateTableCommand({
        TableName: this.name,
        AttributeDefinitions: keys.map((key) => ({ AttributeName: key.name, AttributeType: key.type })),
        KeySchema: keys.map((key, index) => ({ AttributeName: key.name, KeyType: index === 0 ? 'HASH' : 'RANGE' })),
        BillingMode: 'PAY_PER_REQUEST',
        ...(stream ? { StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_AND_OLD_IMAGES' } } : {}),
      }),
    );
    await this.untilActive();
  }

  async put(item: DynamodbItem): Promise<void> {
    await this.#client.send(new PutItemCommand({ TableName: this.name, Item: item }));
  }

  async delete(key: DynamodbItem): Promise<void> {
    await this.#client.send(new DeleteItemCommand({ TableName: this.name, Key: key }));
  }

  async disableStream(): Promise<void> {
    await this.#client.send(
      new UpdateTableCommand({ TableName: this.name, StreamSpecification: { StreamEnabled: false } }),
    );
    await this.untilActive();
  }

  /** Items whose number in `attribute` is a time gone by, in seconds, are removed by DynamoDB itself. */
  async expireBy(attribute: string): Promise<void> {
    await this.#client.send(
      new UpdateTimeToLiveCommand({
        TableName: this.name,
        TimeToLiveSpecification: { AttributeName: attribute, Enabled: true },
      }),
    );
  }

  async untilActive(): Promise<void> {
    for (;;) {
      const { Table } = await this.#client.send(new DescribeTableCommand({ TableName: this.name }));
      if (Table?.TableStatus === 'ACTIVE') return;
      await delay(POLL_MS);
    }
  }

  close(): void {
    this.#client.destroy();
  }
}
