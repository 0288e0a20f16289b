/** The same events for Keylane and for what people would use instead, side by side in one run. */
import { withKinesis } from '../emulator.ts';
import { createStream, putRecords } from '../reading/stream.ts';
import type { Backend } from './backends/backend.ts';
import { restate } from './backends/restate.ts';
import { SERVERS, serverNamed, type ServerName } from './backends/servers.ts';
import { CONTENDERS, type ContenderName } from './contenders/contender.ts';
import { encode, eventsOf, LOADS, type Load } from './load.ts';
import { writePaced } from './paced.ts';
import { DisqualifiedError, race, type RaceResult } from './race.ts';
import { writeReport, type Figures, type LatencyFigures, type LoadFigures } from './report.ts';

const SHARDS = 4;
const LATENCY_SECONDS = 20;
const LATENCY_KEYS = 1000;

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
  const loads = chosen(options.loads, ['latency', ...LOADS.map(({ name }) => name)], 'load');
  const [server = 'dev'] = chosen(options.server ?? 'dev', SERVERS, 'server');
  await withKinesis({ shardLimit: 1000 }, async () => {
    const figures = await measure(contenders, loads, server);
    process.stdout.write(json ? `${JSON.stringify(figures, undefined, 2)}\n` : await writeReport(figures, write));
  });
}

async function measure(
  contenders: readonly ContenderName[],
  names: readonly string[],
  server: ServerName,
): Promise<Figures> {
  const backends = new Map<ContenderName, Backend>();
  for (const name of contenders) backends.set(name, name === 'restate' ? await restate() : await serverNamed(server));
  const throughput: LoadFigures[] = [];
  for (const load of LOADS.filter(({ name }) => names.includes(name))) {
    const stream = `bench-${load.name}`;
    await fill(stream, load);
    const results: Partial<Record<ContenderName, RaceResult | string>> = {};
    for (const [contender, backend] of backends) {
      results[contender] = await outcome(async () => await race({ contender, load, stream, backend }));
      say(contender, load.title, results[contender]);
    }
    throughput.push({ load, results });
  }
  const latency: LatencyFigures[] = [];
  if (names.includes('latency')) {
    for (const [contender, backend] of backends) latency.push(await measureLatency(contender, backend, throughput));
  }
  const { about } = [...backends.values()].find((backend) => backend.about !== undefined) ?? {};
  return { server, about, throughput, latency };
}

/** At half of what it did with the same keys when it had all of the events at once. */
async function measureLatency(
  contender: ContenderName,
  backend: Backend,
  throughput: readonly LoadFigures[],
): Promise<LatencyFigures> {
  const best = throughput.find(({ load }) => load.name === 'some')?.results[contender];
  if (best === undefined || typeof best === 'string') return { contender, perSecond: 0, result: 'no rate is known' };
  const perSecond = Math.floor(best.total / best.seconds / 2);
  const events = LATENCY_KEYS + LATENCY_SECONDS * perSecond;
  const load: Load = { name: 'latency', title: `${perSecond} events/s`, events, keys: LATENCY_KEYS };
  const stream = `bench-latency-${contender}`;
  const client = await createStream(stream, SHARDS);
  client.destroy();
  const pace = { perSecond, first: LATENCY_KEYS };
  const result = await outcome(
    async () =>
      await race({
        contender,
        load,
        stream,
        backend,
        meanwhile: async (progress) => await writePaced(stream, load, pace, progress),
      }),
  );
  say(contender, `latency at ${load.title}`, result);
  return { contender, perSecond, result };
}

async function fill(stream: string, load: Load): Promise<void> {
  process.stderr.write(`Filling ${stream}\n`);
  const client = await createStream(stream, SHARDS);
  const records = [...eventsOf(load)].map((event) => ({ PartitionKey: event.key, Data: encode(event) }));
  await putRecords(client, stream, records);
  client.destroy();
}

/** A run with a deviation has no figure, and says why. */
async function outcome(run: () => Promise<RaceResult>): Promise<RaceResult | string> {
  try {
    return await run();
  } catch (error) {
    if (!(error instanceof DisqualifiedError)) throw error;
    return error.message;
  }
}

function say(contender: string, title: string, result: RaceResult | string | undefined): void {
  const text =
    result === undefined || typeof result === 'string'
      ? result
      : `${Math.round(result.total / result.seconds)} events/s, server ${result.server.cpu.toFixed(1)} s, ours ${result.ours.cpu.toFixed(1)} s`;
  process.stderr.write(`${contender}, ${title}: ${text}\n`);
}

function chosen<T extends string>(text: string | undefined, all: readonly T[], what: string): readonly T[] {
  if (text === undefined) return all;
  return text.split(',').map((name) => {
    const found = all.find((each) => each === name);
    if (found === undefined) throw new Error(`There is no ${what} ${name}: ${all.join(', ')}`);
    return found;
  });
}
