import { RecentMap } from '../../lib/pure/recent-map.ts';
import type { LaneEvent } from '../../contracts/event/event.ts';
import { formatPosition } from '../../contracts/event/position.ts';

type StartedEvent = Pick<LaneEvent, 'position' | 'replaced'>;

/**
 * How often this process has recently started an event. When Temporal says that attempts at it were lost, those that were
 * started here did not die with their process: this one still runs.
 */
export class StartedHere {
  readonly #times = new RecentMap();

  add(pipeline: string, key: string, event: StartedEvent): void {
    this.#times.set(nameOf(pipeline, key, event), String(this.times(pipeline, key, event) + 1));
  }

  times(pipeline: string, key: string, event: StartedEvent): number {
    return Number(this.#times.get(nameOf(pipeline, key, event)) ?? 0);
  }
}

function nameOf(pipeline: string, key: string, { position, replaced = 0 }: StartedEvent): string {
  return `${pipeline}:${formatPosition(position)}#${replaced}:${key}`;
}
