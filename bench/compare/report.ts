import { cpus } from 'node:os';
import { writeSection } from '../page.ts';
import type { ServerName } from './backends/servers.ts';
import type { ContenderName } from './contenders/contender.ts';
import type { Load } from './load.ts';
import type { RaceResult } from './race.ts';

export interface LoadFigures {
  readonly load: Load;
  /** A text where there is no figure, which says why. */
  readonly results: Readonly<Partial<Record<ContenderName, RaceResult | string>>>;
}

export interface LatencyFigures {
  readonly contender: ContenderName;
  readonly perSecond: number;
  readonly result: RaceResult | string;
}

export interface Figures {
  readonly server: ServerName;
  /** What the server is, where it has to be said. */
  readonly about?: string | undefined;
  readonly throughput: readonly LoadFigures[];
  readonly latency: readonly LatencyFigures[];
}

const TITLES: Readonly<Record<ContenderName, string>> = {
  pooled: 'Keylane, pooled',
  own: 'Keylane, own',
  plain: 'the plain way',
  restate: 'Restate',
};

/** The figures as markdown; with `write`, also put into their place in docs/PERFORMANCE.md. */
export async function writeReport(figures: Figures, write: boolean): Promise<string> {
  const { server, about } = figures;
  const where = [about, `On ${cpus().length} cores.`].filter((sentence) => sentence !== undefined).join(' ');
  const text = [where, rates(figures), costs(figures), latency(figures)].join('\n\n') + '\n';
  if (write)
    await (server === 'dev' ? writeSection('compare', text) : writeSection(server, text, `compare --server ${server}`));
  return text;
}

function rates({ throughput }: Figures): string {
  const contenders = present(throughput);
  const rows = throughput.map(({ load, results }) =>
    row([load.title, ...contenders.map((name) => of(results[name], ({ total, seconds }) => count(total / seconds)))]),
  );
  return table(['events/s', ...contenders.map((name) => TITLES[name])], rows);
}

function costs({ throughput }: Figures): string {
  const head = [
    'per 1,000 events',
    '',
    'CPU s of the server',
    'CPU s of ours',
    'history events',
    'persistence operations',
    'actions of Temporal Cloud',
    'KiB of history',
    'MiB of the server, at the most',
    'MiB of ours, at the most',
  ];
  const rows = throughput.flatMap(({ load, results }) =>
    present(throughput).map((name) =>
      row([
        load.title,
        TITLES[name],
        ...[
          (each: RaceResult) => fixed(each.server.cpu / thousands(each)),
          (each: RaceResult) => fixed(each.ours.cpu / thousands(each)),
          ({ history, ...each }: RaceResult) => history && count(history.events / thousands(each)),
          ({ counted, ...each }: RaceResult) => counted && count(counted.persistenceOperations / thousands(each)),
          ({ counted, history, ...each }: RaceResult) =>
            history && counted && count((history.actions + counted.heartbeats) / thousands(each)),
          ({ history, ...each }: RaceResult) => history && count(history.bytes / 1024 / thousands(each)),
          (each: RaceResult) => count(each.server.peakMemory / 1024 / 1024),
          (each: RaceResult) => count(each.ours.peakMemory / 1024 / 1024),
        ].map((figure) => of(results[name], figure)),
      ]),
    ),
  );
  return table(head, rows);
}

function latency({ latency: all }: Figures): string {
  const rows = all.map(({ contender, perSecond, result }) =>
    row([
      TITLES[contender],
      count(perSecond),
      ...[0.5, 0.99].map((quantile) =>
        of(result, ({ latencies }) => fixed(latencies[Math.floor(latencies.length * quantile)] ?? NaN)),
      ),
    ]),
  );
  return table(['from read to done', 'events/s', 'p50, ms', 'p99, ms'], rows);
}

function present(throughput: readonly LoadFigures[]): ContenderName[] {
  return (Object.keys(TITLES) as ContenderName[]).filter((name) =>
    throughput.some(({ results }) => results[name] !== undefined),
  );
}

function of(result: RaceResult | string | undefined, figure: (result: RaceResult) => string | undefined): string {
  return result === undefined || typeof result === 'string' ? '-' : (figure(result) ?? '');
}

function table(head: readonly string[], rows: readonly string[]): string {
  return [row(head), row(head.map(() => '---')), ...rows].join('\n');
}

const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
const thousands = ({ total }: { readonly total: number }): number => total / 1000;
const count = (n: number): string => Math.round(n).toLocaleString('en');
const fixed = (n: number): string => n.toFixed(2);
