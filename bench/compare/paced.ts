/** A load that is written while it is read, at a steady rate. */
import { setTimeout as delay } from 'node:timers/promises';
import { putRecords, streamClient } from '../reading/stream.ts';
import { encode, eventsOf, type Load } from './load.ts';
import type { Progress } from './race.ts';

export interface Pace {
  readonly perSecond: number;
  /** Until that is reached, from 10 a second on, by the same factor each second. @default 0 */
  readonly rampSeconds?: number;
  /** Events that are written at once and have to be handled before the clock starts: one of each key warms them up. */
  readonly first: number;
}

/** How far both were at the end of a second. */
export interface Second {
  readonly written: number;
  readonly handled: number;
}

const TICK_MS = 100;
const WARM_MS = 5000;
/** Events a second. */
const RAMP_FROM = 10;

/** Writes the load; resolves when all of it is written, with how far it was in each second. */
export async function writePaced(
  stream: string,
  load: Load,
  pace: Pace,
  progress: Progress,
): Promise<readonly Second[]> {
  const client = streamClient();
  const events = eventsOf(load);
  const take = (count: number) => {
    const records = [];
    for (let index = 0; index < count; index += 1) {
      const { value, done } = events.next();
      if (done === true) break;
      records.push({ PartitionKey: value.key, Data: encode(value, load) });
    }
    return records;
  };
  let written = 0;
  const put = async (count: number): Promise<void> => {
    const records = take(count);
    await putRecords(client, stream, records);
    written += records.length;
  };
  await put(pace.first);
  while (progress.handled < pace.first) await delay(TICK_MS);
  await delay(WARM_MS);
  const startedAt = performance.now();
  const seconds: Second[] = [];
  while (written < load.events) {
    const elapsed = (performance.now() - startedAt) / 1000;
    if (elapsed > seconds.length) seconds.push({ written, handled: progress.handled });
    const due = Math.min(load.events, pace.first + dueAfter(elapsed, pace));
    if (due > written) await put(due - written);
    // Not at once again: the writer would use as much of the machine as what is measured.
    await delay(TICK_MS);
  }
  client.destroy();
  return seconds;
}

function dueAfter(seconds: number, { perSecond, rampSeconds = 0 }: Pace): number {
  const ramp = Math.min(seconds, rampSeconds);
  return Math.floor(rampedEvents(perSecond, ramp, rampSeconds) + perSecond * (seconds - ramp));
}

/** Events after so many seconds of a ramp. */
export function rampedEvents(perSecond: number, seconds: number, rampSeconds: number): number {
  if (seconds === 0) return 0;
  const growth = Math.log(perSecond / RAMP_FROM) / rampSeconds;
  return (RAMP_FROM * (Math.exp(growth * seconds) - 1)) / growth;
}
