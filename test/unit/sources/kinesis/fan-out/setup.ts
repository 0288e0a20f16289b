import { afterEach, beforeEach, vi } from 'vitest';
import type { StartPoint } from '../../../../../contracts/pipeline/options.ts';
import { FAN_OUT_LIMITS, type FanOutLimits } from '../../../../../sources/kinesis/fan-out/fan-out.ts';
import { KinesisSource } from '../../../../../sources/kinesis/kinesis-source.ts';
import type { ShardCursor } from '../../../../../sources/source.ts';
import { EMULATOR_ENV } from '../../../../support/emulators/credentials.ts';
import { ScriptedFanOut } from '../../../../support/fan-out/scripted-fan-out.ts';

export const SHARD = 'shardId-000000000000';
export const never = new AbortController().signal;

/** No waits that a test would have to sit out. */
export const QUICK: FanOutLimits = { ...FAN_OUT_LIMITS, pauseMs: 0, fullAgeMs: 0 };

export interface Setup {
  readonly service: ScriptedFanOut;
  source(times?: Partial<FanOutLimits>): KinesisSource;
  cursor(start?: StartPoint, times?: Partial<FanOutLimits>): ShardCursor;
}

/** A scripted service and sources for it, anew for each test. */
export function useScriptedFanOut(start: () => Promise<ScriptedFanOut> = () => ScriptedFanOut.start()): Setup {
  const open: KinesisSource[] = [];
  const setup = {
    service: undefined as unknown as ScriptedFanOut,
    source(times: Partial<FanOutLimits> = {}) {
      const { endpoint } = setup.service;
      const config = { kind: 'kinesis', stream: 'orders', endpoint, fanOut: { consumer: 'keylane' } } as const;
      const source = new KinesisSource(config, { fanOutLimits: { ...QUICK, ...times } });
      open.push(source);
      return source;
    },
    cursor(from: StartPoint = { at: 'horizon' }, times: Partial<FanOutLimits> = {}) {
      return setup.source(times).openShard(SHARD, from);
    },
  };
  beforeEach(async () => {
    for (const [name, value] of Object.entries(EMULATOR_ENV)) vi.stubEnv(name, value);
    setup.service = await start();
  });
  afterEach(async () => {
    for (const source of open.splice(0)) source.close();
    await setup.service.stop();
    vi.unstubAllEnvs();
  });
  return setup;
}

/** Records with these sequence numbers, which are their texts too. */
export function records(...numbers: readonly number[]) {
  return numbers.map((number) => ({
    SequenceNumber: String(number),
    PartitionKey: 'key',
    ApproximateArrivalTimestamp: Date.now() / 1000,
    Data: Buffer.from(String(number)).toString('base64'),
  }));
}

export function textsOf(page: { readonly records: readonly { readonly data: Uint8Array }[] }): string[] {
  return page.records.map(({ data }) => Buffer.from(data).toString());
}
