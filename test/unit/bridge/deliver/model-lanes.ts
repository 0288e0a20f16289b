import type { DeliveryRequest, LaneGateway } from '../../../../bridge/deliver/gateway.ts';
import { comparePositions, formatPosition, type Position } from '../../../../contracts/event/position.ts';

export interface Arrival {
  readonly id: string;
  /** Lets the records into the lane, as the server would on arrival; a second time too. */
  readonly apply: () => void;
  readonly request: DeliveryRequest;
  readonly signal: AbortSignal;
}

/**
 * Lanes and pools as far as the bridge can tell them from real ones: whatever is not beyond a mark for its shard is dropped.
 * `deliver` decides what becomes of each request.
 */
export class ModelLanes implements LaneGateway {
  /** What each lane or pool holds, in its order, as `shard:number`. */
  readonly held = new Map<string, string[]>();
  /** What was sent, whichever reader sent it. */
  readonly requests: DeliveryRequest[];
  readonly #marks = new Map<string, Map<string, Position>>();
  readonly #inFlight = new Set<string>();
  readonly #deliver: (arrival: Arrival) => Promise<void>;
  /** The most requests that were in flight together. */
  max = 0;

  constructor(
    deliver: (arrival: Arrival) => Promise<void> = async ({ apply }) => apply(),
    requests: DeliveryRequest[] = [],
  ) {
    this.#deliver = deliver;
    this.requests = requests;
  }

  /** The gateway of one reader: each has one request in flight for a lane at the most (O1, O6). */
  async send(request: DeliveryRequest, signal: AbortSignal): Promise<void> {
    const id = idOf(request);
    if (this.#inFlight.has(id)) throw new Error(`two requests in flight for ${id}`);
    this.#inFlight.add(id);
    this.max = Math.max(this.max, this.#inFlight.size);
    this.requests.push(request);
    try {
      await this.#deliver({ id, request, signal, apply: () => this.apply(request) });
    } finally {
      this.#inFlight.delete(id);
    }
  }

  apply(request: DeliveryRequest): void {
    const id = idOf(request);
    const marks = this.#marks.get(id) ?? new Map<string, Position>();
    const held = this.held.get(id) ?? [];
    this.#marks.set(id, marks);
    this.held.set(id, held);
    for (const { position } of request.to === 'quarantine' ? request.records : request.events) {
      const mark = marks.get(position.shardId);
      if (mark !== undefined && comparePositions(position, mark) <= 0) continue;
      marks.set(position.shardId, position);
      held.push(formatPosition(position));
    }
  }

  /** A gateway of another reader to the same lanes. */
  another(): ModelLanes {
    const other = new ModelLanes(this.#deliver, this.requests);
    other.apply = (request) => this.apply(request);
    return other;
  }
}

/** What has marks of its own, and one request in flight. */
function idOf(request: DeliveryRequest): string {
  if (request.to === 'quarantine') return '(quarantine)';
  return request.to === 'lane' ? request.key : `pool:${request.pool}`;
}
