/**
 * Whether an attempt of an activity is still ours.
 *
 * When Temporal has received no heartbeat of an attempt for the heartbeat timeout, it starts another one, perhaps in another
 * process. An attempt that cannot tell, because its connection was cut or its process stood still, must not start the
 * next event: two events of one key would run at once (O1). So before an event is started, the last answer of Temporal
 * to a heartbeat must be younger than a third of the timeout, or a heartbeat is sent and answered first.
 *
 * Not covered: an attempt that reached this process long after Temporal started it, because the response was delayed. Its
 * first event is started without a check.
 */
import { Context } from '@temporalio/activity';
import type { Client } from '@temporalio/client';
import { defaultPayloadConverter } from '@temporalio/common';
import { setTimeout as delay } from 'node:timers/promises';
import { isNotFound } from '../../temporal/grpc.ts';
import type { FreezeWatch } from '../../lib/node/freeze-watch.ts';

/** Thrown when Temporal may have given the work to another attempt. Nothing more may be started here. */
export class AttemptLostError extends Error {
  override readonly name = 'AttemptLostError';
}

type Answer = 'ours' | 'canceled' | 'lost' | 'unknown';

const RETRY_MS = 200;

export interface AttemptOwnershipOptions {
  readonly client: Client;
  readonly freezeWatch: FreezeWatch;
  readonly timeoutMs: number;
  /** Details of the heartbeat. */
  readonly progress: () => unknown;
}

export class AttemptOwnership {
  readonly #options: AttemptOwnershipOptions;
  readonly #taskToken = Context.current().info.taskToken;
  /** The latest time at which Temporal certainly still counted this attempt as ours; ms of the monotonic clock. */
  #confirmedAt: number;
  /** All keys of a batch share one request. */
  #asking: Promise<{ readonly answer: Answer; readonly askedAt: number }> | undefined;

  constructor(options: AttemptOwnershipOptions) {
    const { freezeWatch, timeoutMs } = options;
    this.#options = options;
    // Received before a freeze and started after it: nothing is known.
    this.#confirmedAt = freezeWatch.frozenWithin(timeoutMs, timeoutMs / 3) ? -Infinity : performance.now();
  }

  /**
   * To be called right before an event is started. Returns false when the attempt is asked to stop.
   * @throws {AttemptLostError}
   */
  async confirm(): Promise<boolean> {
    const { timeoutMs } = this.#options;
    const startedAt = performance.now();
    while (this.#isUnsure()) {
      this.#asking ??= this.#ask();
      const { answer, askedAt } = await this.#asking;
      this.#asking = undefined;
      if (answer === 'canceled') return false;
      if (answer === 'ours') {
        this.#confirmedAt = askedAt;
      } else if (answer === 'lost' || performance.now() - startedAt > timeoutMs) {
        throw new AttemptLostError('Temporal may have given this work to another attempt, so it stops here');
      } else {
        await delay(RETRY_MS);
      }
    }
    return true;
  }

  #isUnsure(): boolean {
    const { freezeWatch, timeoutMs } = this.#options;
    const sinceMs = performance.now() - this.#confirmedAt;
    // A machine that was suspended stops the monotonic clock; the watch sees that.
    return sinceMs > timeoutMs / 3 || freezeWatch.frozenWithin(sinceMs, timeoutMs / 3);
  }

  async #ask(): Promise<{ readonly answer: Answer; readonly askedAt: number }> {
    const askedAt = performance.now();
    return { answer: await this.#beat(), askedAt };
  }

  async #beat(): Promise<Answer> {
    const { client, timeoutMs, progress } = this.#options;
    const payload = defaultPayloadConverter.toPayload(progress());
    try {
      const { cancelRequested } = await client.withDeadline(Date.now() + timeoutMs / 3, () =>
        client.workflowService.recordActivityTaskHeartbeat({
          namespace: client.options.namespace,
          taskToken: this.#taskToken,
          identity: client.options.identity,
          ...(payload === undefined ? {} : { details: { payloads: [payload] } }),
        }),
      );
      return cancelRequested ? 'canceled' : 'ours';
    } catch (error) {
      return isNotFound(error) ? 'lost' : 'unknown';
    }
  }
}
