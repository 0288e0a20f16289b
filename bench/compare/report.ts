/** The figures as markdown, in docs/PERFORMANCE.md if it is asked for, with a chart and all of them as JSON beside it. */
import { writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { writeSection } from '../page.ts';
import { chartOf, type Bar } from './chart.ts';
import type { ContenderName } from './contenders/names.ts';
import type { Figures, LoadFigures } from './figures.ts';
import type { Outcome } from './outcome.ts';
import type { RaceResult } from './race.ts';
import { ratios } from './ratios.ts';
import { shareOf } from './share.ts';
import { FOLDER, nameOf, storeFigures } from './stored-figures.ts';
import type { SteadyFigures } from './steady.ts';

const TITLES: Readonly<Record<ContenderName, string>> = {
  pooled: 'Keylane, pooled',
  own: 'Keylane, own',
  plain: 'the plain way',
  restate: 'Restate',
};
const SHARE =
  '\\* with a tenth of the events (and of the keys, while there are 100): all of them would take it an hour.';

/** With `write`, also put into their place in docs/PERFORMANCE.md. */
export async function writeReport(figures: Figures, write: boolean): Promise<string> {
  const { server, about, steady } = figures;
  const name = nameOf(server);
  const where = [about, `On ${cpus().length} cores.`].filter((sentence) => sentence !== undefined).join(' ');
  const chart = `![Events a second of each](performance/${name}.svg)\n\nAll figures: [${name}.json](performance/${name}.json).`;
  const parts = [where, rates(figures), SHARE, chart, ratios(figures), costs(figures)];
  if (figures.latency.length > 0) parts.push(latency(figures));
  if (steady !== undefined) parts.push(steadyText(steady));
  const text = `${parts.join('\n\n')}\n`;
  if (write) {
    await storeFigures(figures);
    await writeFile(`${FOLDER}${name}.svg`, `${await chartOf(bars(figures))}\n`);
    await writeSection(name, text, server === 'dev' ? name : `compare --server ${server}`);
  }
  return text;
}

function rates({ throughput }: Figures): string {
  const contenders = present(throughput);
  const rows = throughput.map(({ load, outcomes }) =>
    row([
      load.title,
      ...contenders.map((name) => {
        const star = shareOf(name, load) === load ? '' : ' \\*';
        return of(outcomes[name], ({ total, seconds }) => `${count(total / seconds)}${star}`);
      }),
    ]),
  );
  return table(['events/s', ...contenders.map((name) => TITLES[name])], rows);
}

function bars({ throughput }: Figures): Bar[] {
  return throughput.flatMap(({ load, outcomes }) =>
    present([{ load, outcomes }]).flatMap((name) => {
      const outcome = outcomes[name];
      if (outcome === undefined || typeof outcome === 'string') return [];
      return [{ load: load.title, contender: TITLES[name], perSecond: outcome.total / outcome.seconds }];
    }),
  );
}

function costs({ throughput }: Figures): string {
  const columns: readonly (readonly [string, (each: RaceResult) => string | undefined])[] = [
    ['CPU s of the server', (each) => fixed(each.server.cpu / thousands(each))],
    ['CPU s of ours', (each) => fixed(each.ours.cpu / thousands(each))],
    ['history events', ({ history, ...each }) => history && count(history.events / thousands(each))],
    [
      'persistence operations',
      ({ counted, ...each }) => counted && count(counted.persistenceOperations / thousands(each)),
    ],
    [
      'actions of Temporal Cloud',
      ({ counted, history, ...each }) =>
        history && counted && count((history.actions + counted.heartbeats) / thousands(each)),
    ],
    ['KiB of history', ({ history, ...each }) => history && count(history.bytes / 1024 / thousands(each))],
    ['MiB of the server, at the most', (each) => count(each.server.peakMemory / 1024 / 1024)],
    ['MiB of ours, at the most', (each) => count(each.ours.peakMemory / 1024 / 1024)],
  ];
  const rows = throughput.flatMap(({ load, outcomes }) =>
    present([{ load, outcomes }]).map((name) =>
      row([load.title, TITLES[name], ...columns.map(([, figure]) => of(outcomes[name], figure))]),
    ),
  );
  return table(['per 1,000 events', '', ...columns.map(([title]) => title)], rows);
}

function latency({ latency: all }: Figures): string {
  const rows = all.map(({ contender, perSecond, outcome }) =>
    row([
      TITLES[contender],
      count(perSecond),
      of(outcome, (result) => fixed(result.latency.p50)),
      of(outcome, (result) => fixed(result.latency.p99)),
    ]),
  );
  return table(['from read to done, at half of what it keeps up with', 'events/s', 'p50, ms', 'p99, ms'], rows);
}

function steadyText({ perSecond, keys, lagByMinute, outcome }: SteadyFigures): string {
  if (typeof outcome === 'string') return `Written steadily: no figure. ${outcome}`;
  const { p50, p99 } = outcome.latency;
  return (
    `Pooled, ${count(perSecond)} events/s written to 2 shards for ${lagByMinute.length} minutes, over ${count(keys)} keys: ` +
    `${lagByMinute.map(count).join(', ')} events written and not handled yet in the mean of each minute; from read to ` +
    `done ${fixed(p50)} ms (p50), ${fixed(p99)} ms (p99).`
  );
}

function present(throughput: readonly LoadFigures[]): ContenderName[] {
  return (Object.keys(TITLES) as ContenderName[]).filter((name) =>
    throughput.some(({ outcomes }) => outcomes[name] !== undefined),
  );
}

function of(outcome: Outcome | undefined, figure: (result: RaceResult) => string | undefined): string {
  return outcome === undefined || typeof outcome === 'string' ? '-' : (figure(outcome) ?? '');
}

function table(head: readonly string[], rows: readonly string[]): string {
  return [row(head), row(head.map(() => '---')), ...rows].join('\n');
}

const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
const thousands = ({ total }: { readonly total: number }): number => total / 1000;
const count = (n: number): string => Math.round(n).toLocaleString('en');
const fixed = (n: number): string => n.toFixed(2);
