import type { KeySchemaElement, Shard, StreamDescription } from '@aws-sdk/client-dynamodb-streams';
import type { ShardInfo } from '../../contracts/pipeline/shards.ts';
import type { StreamIdentity } from '../../contracts/pipeline/stream-identity.ts';
import { isServiceError } from '../aws/service-calls.ts';
import { SharedCall } from '../aws/shared-call.ts';
import { SourceConfigurationError } from '../errors.ts';
import { linkGenerations } from './generations.ts';
import type { StreamCalls } from './stream-calls.ts';

/** One of the streams that a table has had. */
export interface TableStream {
  readonly arn: string;
  readonly keySchema: readonly KeySchemaElement[];
}

/** What distinguishes the table from another one of the same name. */
export type TableIdentity = Pick<StreamIdentity, 'arn' | 'labels' | 'enabled'>;

interface Generation extends TableStream {
  readonly isEnabled: boolean;
  readonly shards: readonly ShardInfo[];
}

/** What a listing says about a shard. `unknown`: it is missing, and may be too new to be listed. */
export type ShardState = 'listed' | 'expired' | 'unknown';

/** What a new listing says about a shard that was not found. */
export interface ShardSighting {
  readonly state: ShardState;
  /** Nothing more is written to it: the listing shows it as closed, or has a child of it. */
  readonly hasEnded: boolean;
}

/** Real ids hold the time of the shard's creation in ms; so no two streams of a table have a shard of the same id. */
const SHARD_ID = /^shardId-(\d{20})-/;

/**
 * The streams of a table: one for each time that streaming was enabled. A disabled stream can be read for a day.
 *
 * Owns which stream has which shard, by the latest listing; a shard that was not listed yet is read from the newest
 * stream, where new shards appear.
 */
export class DynamodbTableStream {
  readonly #calls: StreamCalls;
  readonly #source: string;
  readonly #table: string;
  readonly #isExpired: (createdAt: number) => boolean;
  /** Shards that are not found are looked for at the same time, by one listing. */
  readonly #reading = new SharedCall(async (signal) => await this.#read(signal));
  readonly #findingOut = new SharedCall(async (signal) => await this.#findOut(signal));
  #newest: TableStream | undefined;
  #listed: readonly Generation[] | undefined;
  #byShard: ReadonlyMap<string, TableStream> = new Map();

  /** @param isExpired whether a shard that was created then may have expired by now */
  constructor(calls: StreamCalls, source: string, table: string, isExpired: (createdAt: number) => boolean) {
    this.#calls = calls;
    this.#source = source;
    this.#table = table;
    this.#isExpired = isExpired;
  }

  /**
   * The shards of all streams of the table as one lineage. When the newest stream is disabled its shards end.
   * @throws {SourceError}
   */
  async listShards(signal: AbortSignal): Promise<readonly ShardInfo[]> {
    const generations = await this.#reading.get(signal);
    if (generations.length === 0) throw this.#none();
    return linkGenerations(generations.map(({ shards }) => shards));
  }

  /**
   * The identity by the latest listing. A table that was deleted and created again keeps the streams of the previous
   * one for a day, as does a table whose stream was disabled and enabled again: the labels distinguish the two.
   * @throws {SourceError}
   */
  async identity(signal: AbortSignal): Promise<TableIdentity> {
    const generations = this.#listed ?? (await this.#reading.get(signal));
    const newest = generations.at(-1);
    const enabled = generations.findLast(({ isEnabled }) => isEnabled);
    return {
      labels: generations.map(({ arn }) => partsOf(arn).label),
      ...(newest === undefined ? {} : { arn: partsOf(newest.arn).table }),
      ...(enabled === undefined ? {} : { enabled: partsOf(enabled.arn).label }),
    };
  }

  /**
   * The stream in which to look for the shard.
   * @throws {SourceError}
   */
  async streamOf(shardId: string, signal: AbortSignal): Promise<TableStream> {
    if (this.#newest === undefined) await this.#findingOut.get(signal);
    const stream = this.#byShard.get(shardId) ?? this.#newest;
    if (stream === undefined) throw this.#none();
    return stream;
  }

  /**
   * Looks for the shard in a new listing. A table without any stream is an error in the configuration: it may be the
   * wrong table.
   * @throws {SourceError}
   */
  async lookFor(shardId: string, signal: AbortSignal): Promise<ShardSighting> {
    const shards = await this.listShards(signal);
    const isClosed = shards.find((each) => each.shardId === shardId)?.closed === true;
    const hasEnded = isClosed || shards.some(({ parents }) => parents.includes(shardId));
    if (this.#byShard.has(shardId)) return { state: 'listed', hasEnded };
    const createdAt = SHARD_ID.exec(shardId)?.[1];
    const isExpired = createdAt === undefined || this.#isExpired(Number(createdAt));
    return { state: isExpired ? 'expired' : 'unknown', hasEnded };
  }

  /** A table with a single stream needs no listing of all shards to read one. */
  async #findOut(signal: AbortSignal): Promise<void> {
    const [arn, ...more] = await this.#calls.ofTable(this.#table, signal);
    if (arn === undefined) return;
    if (more.length > 0) await this.#read(signal);
    else this.#newest = { arn, keySchema: (await this.#calls.describePage(arn, signal)).KeySchema ?? [] };
  }

  async #read(signal: AbortSignal): Promise<readonly Generation[]> {
    const generations: Generation[] = [];
    for (const arn of await this.#calls.ofTable(this.#table, signal)) {
      try {
        generations.push(generationOf(arn, await this.#calls.describe(arn, signal)));
      } catch (error) {
        // A disabled stream may expire between the two requests.
        if (!isServiceError(error, 'ResourceNotFoundException')) throw error;
      }
    }
    this.#byShard = new Map(
      generations.flatMap((generation) => generation.shards.map(({ shardId }) => [shardId, generation] as const)),
    );
    this.#newest = generations.at(-1);
    this.#listed = generations;
    return generations;
  }

  #none(): SourceConfigurationError {
    return new SourceConfigurationError(
      this.#source,
      `${this.#source}: table ${this.#table} has no stream. Enable it on the table (StreamViewType NEW_AND_OLD_IMAGES lets handlers see both images), or check name, region, endpoint and account.`,
    );
  }
}

function generationOf(arn: string, pages: readonly [StreamDescription, ...StreamDescription[]]): Generation {
  const shards = new Map<string, ShardInfo>();
  for (const { Shards = [], StreamStatus } of pages) {
    for (const shard of Shards) {
      const info = shardInfo(shard, StreamStatus === 'DISABLED');
      shards.set(info.shardId, info);
    }
  }
  const isEnabled = pages[0].StreamStatus === 'ENABLED' || pages[0].StreamStatus === 'ENABLING';
  return { arn, keySchema: pages[0].KeySchema ?? [], isEnabled, shards: [...shards.values()] };
}

/** `arn:aws:dynamodb:eu-west-1:123456789012:table/orders/stream/2026-01-31T12:00:00.000` */
function partsOf(arn: string): { readonly table: string; readonly label: string } {
  const [table = arn, label = ''] = arn.split('/stream/');
  return { table, label };
}

function shardInfo(shard: Shard, isDisabled: boolean): ShardInfo {
  return {
    shardId: shard.ShardId ?? '',
    parents: shard.ParentShardId === undefined ? [] : [shard.ParentShardId],
    closed: isDisabled || shard.SequenceNumberRange?.EndingSequenceNumber !== undefined,
  };
}
