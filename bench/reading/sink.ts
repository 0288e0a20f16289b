import type { DeliveryRequest, LaneGateway } from '../../bridge/deliver/gateway.ts';
import { comparePositions, type Position } from '../../contracts/event/position.ts';

/** A gateway that accepts at once and remembers, per shard, what a lane would: it throws for a record out of order. */
export class AcceptingSink implements LaneGateway {
  accepted = 0;
  readonly #lastOfLane = new Map<string, Map<string, Position>>();

  async send(request: DeliveryRequest): Promise<void> {
    if (request.to !== 'lane') throw new Error('A record of the benchmark has no key');
    const marks = this.#lastOfLane.get(request.key) ?? new Map<string, Position>();
    this.#lastOfLane.set(request.key, marks);
    for (const { position } of request.events) {
      const mark = marks.get(position.shardId);
      if (mark !== undefined && comparePositions(position, mark) <= 0) throw new Error('A record came out of order');
      marks.set(position.shardId, position);
      this.accepted += 1;
    }
  }
}

/** Lanes that do not accept: a request stays unanswered until it is given up. */
export class SilentSink implements LaneGateway {
  send(_request: DeliveryRequest, signal: AbortSignal): Promise<void> {
    return new Promise((_resolve, reject) => {
      signal.addEventListener('abort', () => reject(new Error('given up')), { once: true });
    });
  }
}
