/**
 * A bridge that reads while no worker runs: the same course of things for a small server in `npm test` and the real limits
 * in `npm run test:soak`.
 */
import { kinesis } from '../../contracts/public/source-config.ts';
import { BridgeProcess } from './bridge-process.ts';
import { KinesisStream } from './emulators/index.ts';
import { eventually } from './eventually.ts';
import { HOSTINGS, type Hosting } from './hostings.ts';
import { Keylane, uniqueName } from './keylane.ts';
import { Ledger } from './ledger.ts';
import { peakOf, runsOn, type Run } from './runs.ts';
import type { Limits } from './settings.ts';

const NAMESPACE = 'default';
/** Bytes of one request to the stream; AWS takes 5 MiB. */
const REQUEST_BYTES = 2 * 1024 * 1024;
/** Histories that have not grown for so long have stopped growing. */
const STILL_MS = 6000;

export interface WorkersDownPlan {
  /** Of the Temporal server. */
  readonly address: string;
  /** Of the stream. */
  readonly endpoint: string;
  /** @default own */
  readonly hosting?: Hosting;
  readonly shards: number;
  readonly keys: number;
  readonly perKey: number;
  /** Bytes of the nth event of a key, about. */
  readonly sizeOf: (key: number, n: number) => number;
  readonly limits: Limits;
}

export class WorkersDown {
  readonly name: string;
  readonly ledger: Ledger;
  readonly keylane: Keylane;
  readonly #plan: WorkersDownPlan;
  readonly #stream: KinesisStream;
  #bridge: BridgeProcess | undefined;
  /** What bridges have logged that are no more. */
  #output = '';

  private constructor(plan: WorkersDownPlan, stream: KinesisStream, keylane: Keylane, ledger: Ledger) {
    this.name = stream.name;
    this.ledger = ledger;
    this.keylane = keylane;
    this.#plan = plan;
    this.#stream = stream;
  }

  static async create(plan: WorkersDownPlan): Promise<WorkersDown> {
    const { address, endpoint, hosting = 'own', limits, shards } = plan;
    const name = uniqueName();
    const ledger = new Ledger();
    const stream = await KinesisStream.create(endpoint, name, shards);
    const config = {
      source: kinesis({ stream: name, endpoint }),
      handler: (event: { readonly key: string; json(): { n: number } }) => ledger.note(event.key, event.json().n),
      ...HOSTINGS[hosting],
    };
    const keylane = await Keylane.create({ pipelines: { [name]: config }, address, ...limits });
    return new WorkersDown(plan, stream, keylane, ledger);
  }

  async close(): Promise<void> {
    await this.#bridge?.kill();
    await this.keylane.close();
    this.#stream.close();
  }

  /** The nth events of all keys, from one n to another. */
  async write(from: number, to: number): Promise<void> {
    const { keys, sizeOf } = this.#plan;
    let records: { readonly key: string; readonly data: string }[] = [];
    let bytes = 0;
    for (let n = from; n <= to; n += 1) {
      for (let key = 0; key < keys; key += 1) {
        const data = JSON.stringify({ n, filling: 'x'.repeat(sizeOf(key, n)) });
        records.push({ key: keyName(key), data });
        bytes += data.length;
        if (bytes < REQUEST_BYTES) continue;
        await this.#stream.put(records);
        [records, bytes] = [[], 0];
      }
    }
    await this.#stream.put(records);
  }

  async startBridge(): Promise<BridgeProcess> {
    const { address, endpoint, hosting = 'own', limits } = this.#plan;
    const { taskQueue } = this.keylane.settings.temporal;
    const pipeline = this.name;
    const setup = { address, namespace: NAMESPACE, taskQueue, pipeline, stream: pipeline, endpoint, hosting, limits };
    this.#bridge = await BridgeProcess.start(setup);
    return this.#bridge;
  }

  /** With SIGKILL: the next one knows nothing. */
  async killBridge(): Promise<void> {
    await this.#bridge?.kill();
    this.#output += this.#bridge?.output ?? '';
    this.#bridge = undefined;
  }

  /** Keys or pools of which a bridge has said that they are full. */
  get toldFull(): readonly string[] {
    const text = this.#output + (this.#bridge?.output ?? '');
    const told = [...text.matchAll(/History budget of (?:key \\"|pool )(?<name>[\w-]+)(?:\\")? reached/g)];
    return [...new Set(told.map(({ groups }) => groups?.['name'] ?? ''))].toSorted();
  }

  async runs(): Promise<Run[]> {
    return await runsOn(this.keylane.client, this.keylane.settings.temporal.taskQueue);
  }

  /** Resolves when the bridge hands nothing more over, with the lanes as they are then. */
  async untilStill(timeoutMs: number): Promise<Run[]> {
    let sum = -1;
    let since = Date.now();
    return await eventually(async () => {
      const runs = await this.runs();
      const now = runs.reduce((total, { events }) => total + events, 0);
      if (now !== sum) [sum, since] = [now, Date.now()];
      return Date.now() - since > STILL_MS && runs;
    }, timeoutMs);
  }

  /** Resolves when every event has been handled, or something was handled twice. */
  async untilHandled(timeoutMs: number, watch: (peak: ReturnType<typeof peakOf>) => void): Promise<void> {
    const { keys, perKey } = this.#plan;
    await eventually(async () => {
      if (this.ledger.count >= keys * perKey) return true;
      watch(peakOf(await this.runs()));
      return false;
    }, timeoutMs);
  }
}

export const keyName = (key: number): string => `key-${String(key).padStart(2, '0')}`;
