import { cpus } from 'node:os';
import { writeSection } from '../page.ts';
import type { TimeShares } from './profile.ts';

export interface Throughput {
  readonly shards: number;
  readonly seconds: number;
  readonly recordsPerSecond: number;
  readonly cpuMicrosPerRecord: number;
  readonly shares: TimeShares;
}

export interface HeldBack {
  readonly limits: { readonly recordsInFlight: number; readonly bytesInFlight: number };
  /** High-water marks of what was read and not accepted. */
  readonly records: number;
  readonly bytes: number;
  readonly rssGrowthBytes: number;
}

export interface Figures {
  readonly records: number;
  readonly throughput: readonly Throughput[];
  readonly heldBack: HeldBack;
}

/** The figures as markdown; with `write`, also put into their place in docs/PERFORMANCE.md. */
export async function writeReport(figures: Figures, write: boolean): Promise<string> {
  const text = toMarkdown(figures);
  if (write) await writeSection('reading', text);
  return text;
}

function toMarkdown({ records, throughput, heldBack }: Figures): string {
  const rows = throughput.map(({ shards, recordsPerSecond, cpuMicrosPerRecord, shares }) => {
    const cells = [shards, Math.round(recordsPerSecond), cpuMicrosPerRecord.toFixed(1)];
    return `| ${[...cells, ...[shares.ours, shares.sdk, shares.node, shares.idle].map(percent)].join(' | ')} |`;
  });
  const { limits } = heldBack;
  return `${records.toLocaleString('en')} records of 200 bytes over 1,000 keys, kinesalite beside it on ${cpus().length} cores.

| shards | records/s | CPU µs a record | ours | AWS SDK | Node | waiting |
| --- | --- | --- | --- | --- | --- | --- |
${rows.join('\n')}

Lanes that do not accept: ${heldBack.records.toLocaleString('en')} records (limit ${limits.recordsInFlight.toLocaleString('en')}) and ${mib(heldBack.bytes)} (limit ${mib(limits.bytesInFlight)}) in flight at the most; the process grew by ${mib(heldBack.rssGrowthBytes)}.
`;
}

const percent = (share: number): string => `${Math.round(share * 100)} %`;
const mib = (bytes: number): string => `${(bytes / 1024 / 1024).toFixed(1)} MiB`;
