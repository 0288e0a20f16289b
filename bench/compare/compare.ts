/** The same events for Keylane and for what people would use instead, side by side in one run. */
import { withKinesis } from '../emulator.ts';
import { createStream, putRecords } from '../reading/stream.ts';
import type { Backend } from './backends/backend.ts';
import { restate } from './backends/restate.ts';
import { SERVERS, serverNamed, type ServerName } from './backends/servers.ts';
import { CONTENDERS, type ContenderName } from './contenders/names.ts';
import type { Figures, LatencyFigures, LoadFigures } from './figures.ts';
import { measureLatency } from './latency.ts';
import { encode, eventsOf, LOADS, type Load } from './load.ts';
import { outcomeOf, type Outcome } from './outcome.ts';
import { race } from './race.ts';
import { writeReport } from './report.ts';
import { shareOf } from './share.ts';
import { measureSteady } from './steady.ts';
import { storedFigures } from './stored-figures.ts';

const SHARDS = 4;
const OTHER_LOADS = ['latency', 'steady'] as const;

type Backends = ReadonlyMap<ContenderName, Backend>;

export interface CompareOptions {
  readonly contenders?: string;
  readonly loads?: string;
  readonly server?: string;
  readonly write?: boolean;
  readonly json?: boolean;
}

export async function benchCompare(options: CompareOptions): Promise<void> {
  const { write = false, json = false } = options;
  const contenders = chosen(options.contenders, CONTENDERS, 'contender');
  const loads = chosen(options.loads, [...LOADS.map(({ name }) => name), ...OTHER_LOADS], 'load');
  const [server = 'dev'] = chosen(options.server ?? 'dev', SERVERS, 'server');
  await withKinesis({ shardLimit: 1000 }, async () => {
    const figures = await measure(contenders, loads, server);
    const report = await writeReport(figures, write);
    process.stdout.write(json ? `${JSON.stringify(figures, undefined, 2)}\n` : report);
  });
}

/**
 * All loads with all events at once are taken in one run, since ratios are between them. Latency and a steady load can be
 * measured alone: what was stored before is kept then.
 */
async function measure(
  contenders: readonly ContenderName[],
  names: readonly string[],
  server: ServerName,
): Promise<Figures> {
  const backends = new Map<ContenderName, Backend>();
  for (const name of contenders) backends.set(name, name === 'restate' ? await restate() : await serverNamed(server));
  const stored = await storedFigures(server);
  const measured: LoadFigures[] = [];
  for (const load of LOADS.filter(({ name }) => names.includes(name))) {
    measured.push(await measureLoad(load, backends));
  }
  const throughput = measured.length === 0 ? (stored?.throughput ?? []) : measured;
  const latency = names.includes('latency') ? await measureLatencies(backends, throughput) : (stored?.latency ?? []);
  const pooled = backends.get('pooled');
  const steady = names.includes('steady') && pooled !== undefined ? await measureSteady(pooled) : stored?.steady;
  const { about } = [...backends.values()].find((backend) => backend.about !== undefined) ?? {};
  return { server, about, throughput, latency, ...(steady === undefined ? {} : { steady }) };
}

async function measureLatencies(
  backends: Backends,
  throughput: readonly LoadFigures[],
): Promise<readonly LatencyFigures[]> {
  const best = throughput.find(({ load }) => load.name === 'some')?.outcomes;
  const latency: LatencyFigures[] = [];
  for (const [contender, backend] of backends)
    latency.push(await measureLatency(contender, backend, best?.[contender]));
  return latency;
}

async function measureLoad(load: Load, backends: Backends): Promise<LoadFigures> {
  const filled = new Set<string>();
  const outcomes: Partial<Record<ContenderName, Outcome>> = {};
  for (const [contender, backend] of backends) {
    if (load.only?.includes(contender) === false) continue;
    const share = shareOf(contender, load);
    const stream = `bench-${share.name}`;
    if (!filled.has(stream)) await fill(stream, share);
    filled.add(stream);
    outcomes[contender] = await outcomeOf(
      `${contender}, ${load.title}`,
      async () => await race({ contender, load: share, stream, backend }),
    );
  }
  return { load, outcomes };
}

async function fill(stream: string, load: Load): Promise<void> {
  process.stderr.write(`Filling ${stream}\n`);
  const client = await createStream(stream, SHARDS);
  const records = [...eventsOf(load)].map((event) => ({ PartitionKey: event.key, Data: encode(event, load) }));
  await putRecords(client, stream, records);
  client.destroy();
}

function chosen<T extends string>(text: string | undefined, all: readonly T[], what: string): readonly T[] {
  if (text === undefined) return all;
  return text.split(',').map((name) => {
    const found = all.find((each) => each === name);
    if (found === undefined) throw new Error(`There is no ${what} ${name}: ${all.join(', ')}`);
    return found;
  });
}
