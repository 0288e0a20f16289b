import { DisqualifiedError, type RaceResult } from './race.ts';

/** A text where there is no figure, which says why. */
export type Outcome = RaceResult | string;

/** A run with a deviation has no figure. Tells how it went on stderr. */
export async function outcomeOf(title: string, run: () => Promise<RaceResult>): Promise<Outcome> {
  const outcome = await run().catch((error: unknown) => {
    if (error instanceof DisqualifiedError) return error.message;
    throw error;
  });
  process.stderr.write(`${title}: ${summaryOf(outcome)}\n`);
  return outcome;
}

function summaryOf(outcome: Outcome): string {
  if (typeof outcome === 'string') return outcome;
  const { total, seconds, server, ours } = outcome;
  return `${Math.round(total / seconds)} events/s, server ${server.cpu.toFixed(1)} s, ours ${ours.cpu.toFixed(1)} s`;
}
