import { EventEmitter, once } from 'node:events';
import { AwsError } from './aws-error.ts';
import { type Clock, VirtualClock } from './clock.ts';
import { DynamodbService } from './dynamodb/dynamodb-service.ts';
import { shardIdOfIterator } from './dynamodb/read-shard.ts';
import type { FakeTable, TableOptions } from './dynamodb/table.ts';
import { type FakeCall, FaultScript } from './faults.ts';
import { JsonServer, type JsonRequest } from './http-server.ts';
import type { Input } from './input.ts';
import { readIterator } from './iterators.ts';
import { KinesisService } from './kinesis/kinesis-service.ts';
import type { FakeKinesisStream, StreamOptions } from './kinesis/stream.ts';
import { refusalOf } from './refusal.ts';
import { type LimitSettings, ReadLimits } from './read-limits.ts';
import { defaultManners, type Manners, type World } from './world.ts';

export interface FakeAwsOptions<C extends Clock> {
  /** @default a VirtualClock, which stands still until the test moves it */
  readonly clock?: C;
  readonly manners?: Partial<Manners>;
  readonly limits?: Partial<LimitSettings>;
  readonly port?: number;
  /**
   * Answers say what time it is by the fake's clock. Where that is minutes away from the machine's, the SDK tries what was
   * refused once more. @default false: by the machine's
   */
  readonly tellsTime?: boolean;
}

/** Both services on one port, with their controls. It owns the server, the streams, the tables and the script. */
export class FakeAws<C extends Clock = VirtualClock> {
  readonly clock: C;
  readonly faults: FaultScript;
  readonly #world: World;
  readonly #kinesis: KinesisService;
  readonly #dynamodb: DynamodbService;
  readonly #calls: FakeCall[] = [];
  readonly #arrivals = new EventEmitter();
  #server: JsonServer | undefined;

  private constructor(clock: C, { manners, limits }: FakeAwsOptions<C>) {
    this.clock = clock;
    this.#world = {
      clock,
      account: '000000000000',
      region: 'us-east-1',
      manners: { ...defaultManners(), ...manners },
      limits: new ReadLimits(clock, limits),
    };
    this.faults = new FaultScript(clock);
    this.#kinesis = new KinesisService(this.#world);
    this.#dynamodb = new DynamodbService(this.#world);
  }

  static async start<C extends Clock = VirtualClock>(options: FakeAwsOptions<C> = {}): Promise<FakeAws<C>> {
    const fake = new FakeAws<C>(options.clock ?? (new VirtualClock() as unknown as C), options);
    fake.#server = await JsonServer.listen(
      (request) => fake.#answer(request),
      () => (options.tellsTime === true ? fake.clock.now() : Date.now()),
      options.port,
    );
    return fake;
  }

  get endpoint(): string {
    return this.#server?.endpoint ?? '';
  }

  /** May be changed at any time. */
  get manners(): Manners {
    return this.#world.manners;
  }

  /** May be changed at any time. */
  get limits(): LimitSettings {
    return this.#world.limits.settings;
  }

  createStream(name: string, options?: StreamOptions): FakeKinesisStream {
    return this.#kinesis.create(name, options);
  }

  stream(name: string): FakeKinesisStream {
    return this.#kinesis.stream(name);
  }

  deleteStream(name: string): void {
    this.#kinesis.delete(name);
  }

  createTable(name: string, options?: TableOptions): FakeTable {
    return this.#dynamodb.create(name, options);
  }

  table(name: string): FakeTable {
    return this.#dynamodb.table(name);
  }

  /** The calls that have come in so far, spoiled ones included; of one operation, or all. */
  calls(operation?: string): readonly FakeCall[] {
    return operation === undefined ? this.#calls : this.#calls.filter((call) => call.operation === operation);
  }

  /** Waits for the next call of `operation` to come in. */
  async called(operation: string): Promise<FakeCall> {
    const [call] = (await once(this.#arrivals, operation)) as [FakeCall];
    return call;
  }

  async stop(): Promise<void> {
    await this.#server?.stop();
  }

  async #answer({ service, operation, input }: JsonRequest): Promise<object> {
    const answering = this.#serviceOf(service);
    const call: FakeCall = { service: answering.kind, operation, shardId: shardIdOf(input), input };
    this.#calls.push(call);
    this.#arrivals.emit(operation, call);
    const fault = this.faults.take(call);
    if (fault?.kind === 'held') await fault.until.catch(() => {});
    const refusal = fault && refusalOf(fault, call);
    if (refusal !== undefined) throw refusal;
    const answer = answering.answer(operation, input, fault);
    if (fault?.kind === 'delayed') await fault.until.catch(() => {});
    return answer;
  }

  #serviceOf(target: string): KinesisService | DynamodbService {
    if (target === 'Kinesis_20131202') return this.#kinesis;
    if (target === 'DynamoDBStreams_20120810') return this.#dynamodb;
    throw new AwsError('UnknownOperationException', `The fake is no ${target}: it has Kinesis and DynamoDB Streams`);
  }
}

function shardIdOf({ ShardId, ShardIterator, ShardFilter }: Input): string | undefined {
  if (ShardIterator !== undefined) return readIterator(ShardIterator)?.shardId ?? shardIdOfIterator(ShardIterator);
  return ShardId ?? ShardFilter?.ShardId;
}
