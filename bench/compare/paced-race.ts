/** A contender on a load that is written while it reads. */
import { createStream } from '../reading/stream.ts';
import type { Backend } from './backends/backend.ts';
import type { ContenderName } from './contenders/names.ts';
import type { Load } from './load.ts';
import { outcomeOf, type Outcome } from './outcome.ts';
import { writePaced, type Second } from './paced.ts';
import { race } from './race.ts';

export interface PacedRace {
  readonly contender: ContenderName;
  readonly backend: Backend;
  /** Its first event of each key is written before the others. */
  readonly load: Load;
  readonly shards: number;
  readonly perSecond: number;
  /** @default 0 */
  readonly rampSeconds?: number;
}

export async function pacedRace({
  contender,
  backend,
  load,
  shards,
  perSecond,
  rampSeconds = 0,
}: PacedRace): Promise<{ readonly outcome: Outcome; readonly seconds: readonly Second[] }> {
  const stream = `bench-${load.name}-${contender}`;
  const client = await createStream(stream, shards);
  client.destroy();
  let seconds: readonly Second[] = [];
  const meanwhile = async (progress: Parameters<typeof writePaced>[3]) => {
    seconds = await writePaced(stream, load, { perSecond, rampSeconds, first: load.keys }, progress);
  };
  const outcome = await outcomeOf(
    `${contender}, ${load.name}, ${load.title}`,
    async () => await race({ contender, load, stream, backend, meanwhile }),
  );
  return { outcome, seconds };
}
