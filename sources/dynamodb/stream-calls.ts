import {
  type _Stream,
  DescribeStreamCommand,
  type DescribeStreamCommandOutput,
  type DynamoDBStreamsClient,
  ListStreamsCommand,
  type ListStreamsCommandOutput,
  type StreamDescription,
} from '@aws-sdk/client-dynamodb-streams';
import type { ServiceCalls } from '../aws/service-calls.ts';
import { sleepUntilAborted, CallSpacing } from '../aws/call-spacing.ts';
import { SourceUnavailableError } from '../errors.ts';

/** An account has 10 calls of DescribeStream a second for all readers of all streams: some remain for others. */
const DESCRIBE_EVERY_MS = 125;
/** Attempts for one page of a description, with a wait that is a second longer each time. */
const PAGE_TRIES = 6;
const PAGE_WAIT_MS = 1000;

/** The calls about streams, over all pages. */
export class StreamCalls {
  readonly #client: DynamoDBStreamsClient;
  readonly #calls: ServiceCalls;
  readonly #spacing = new CallSpacing(DESCRIBE_EVERY_MS);

  constructor(client: DynamoDBStreamsClient, calls: ServiceCalls) {
    this.#client = client;
    this.#calls = calls;
  }

  /** ARNs of the streams that a table has had and that still exist, the oldest first. */
  async ofTable(table: string, signal: AbortSignal): Promise<readonly string[]> {
    const streams: _Stream[] = [];
    let after: string | undefined;
    do {
      const command = new ListStreamsCommand({
        TableName: table,
        ...(after === undefined ? {} : { ExclusiveStartStreamArn: after }),
      });
      const page: ListStreamsCommandOutput = await this.#calls.run('ListStreams', signal, (options) =>
        this.#client.send(command, options),
      );
      streams.push(...(page.Streams ?? []));
      after = page.LastEvaluatedStreamArn;
    } while (after !== undefined);
    // Labels are times in ISO 8601, so they sort by time.
    return streams
      .toSorted((a, b) => compareTexts(a.StreamLabel, b.StreamLabel))
      .map(({ StreamArn = '' }) => StreamArn);
  }

  /** All pages of a description, the first one first. */
  async describe(arn: string, signal: AbortSignal): Promise<readonly [StreamDescription, ...StreamDescription[]]> {
    const first = await this.describePage(arn, signal);
    const pages: [StreamDescription, ...StreamDescription[]] = [first];
    for (let after = first.LastEvaluatedShardId; after !== undefined;) {
      const page = await this.#furtherPage(arn, after, signal);
      pages.push(page);
      after = page.LastEvaluatedShardId;
    }
    return pages;
  }

  /** Retries single pages: a long description that started again from its first page would be throttled again. */
  async #furtherPage(arn: string, after: string, signal: AbortSignal): Promise<StreamDescription> {
    for (let tries = 1; ; tries += 1) {
      try {
        return await this.describePage(arn, signal, after);
      } catch (error) {
        if (tries === PAGE_TRIES || !(error instanceof SourceUnavailableError)) throw error;
      }
      await sleepUntilAborted(tries * PAGE_WAIT_MS, signal);
    }
  }

  async describePage(arn: string, signal: AbortSignal, after?: string): Promise<StreamDescription> {
    const command = new DescribeStreamCommand({
      StreamArn: arn,
      ...(after === undefined ? {} : { ExclusiveStartShardId: after }),
    });
    await this.#spacing.take(signal);
    const answer: DescribeStreamCommandOutput = await this.#calls.run(`DescribeStream of ${arn}`, signal, (options) =>
      this.#client.send(command, options),
    );
    return answer.StreamDescription ?? {};
  }
}

function compareTexts(a = '', b = ''): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
