/** What Keylane wants to reach, as ratios within one run. */
import type { ContenderName } from './contenders/names.ts';
import type { Figures } from './figures.ts';

interface Wanted {
  readonly text: string;
  readonly least: number;
  readonly of: readonly [load: string, contender: ContenderName];
  readonly to: readonly [load: string, contender: ContenderName];
}

const WANTED: readonly Wanted[] = [
  { text: 'pooled to the plain way, 20,000 keys', least: 100, of: ['many', 'pooled'], to: ['many', 'plain'] },
  { text: 'pooled to Restate, 20,000 keys', least: 5, of: ['many', 'pooled'], to: ['many', 'restate'] },
  { text: 'pooled to Restate, 1,000 keys', least: 5, of: ['some', 'pooled'], to: ['some', 'restate'] },
  { text: 'pooled, with 1 % poison to without', least: 0.6, of: ['poison', 'pooled'], to: ['some', 'pooled'] },
  { text: 'own to the plain way, 100 keys', least: 5, of: ['few', 'own'], to: ['few', 'plain'] },
  { text: 'own to the plain way, 20,000 keys', least: 1.3, of: ['many', 'own'], to: ['many', 'plain'] },
  { text: 'pooled, 200,000 keys to 20,000', least: 0.8, of: ['huge', 'pooled'], to: ['many', 'pooled'] },
];

/** A line for each that this run can tell. */
export function ratios({ throughput }: Figures): string {
  const rate = ([load, contender]: Wanted['of']): number | undefined => {
    const outcome = throughput.find((each) => each.load.name === load)?.outcomes[contender];
    return outcome === undefined || typeof outcome === 'string' ? undefined : outcome.total / outcome.seconds;
  };
  const lines = WANTED.flatMap(({ text, least, of, to }) => {
    const [a, b] = [rate(of), rate(to)];
    if (a === undefined || b === undefined) return [];
    return [`- ${text}: ${(a / b).toPrecision(3)} (wanted: ${least})`];
  });
  return lines.length === 0 ? 'No two of these are compared.' : lines.join('\n');
}
