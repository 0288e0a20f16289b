/** What a soak test has measured, for people and for docs/LIMITS.md. */
import { readFile } from 'node:fs/promises';

const MIB = 1024 * 1024;

export function printFigures(title: string, figures: Readonly<Record<string, string | number>>): void {
  const lines = Object.entries(figures).map(([name, value]) => `  ${name.padEnd(44)} ${value}`);
  process.stdout.write(`\n${title}\n${lines.join('\n')}\n`);
}

export const mib = (bytes: number): string => `${(bytes / MIB).toFixed(1)} MiB`;
export const seconds = (ms: number): string => `${(ms / 1000).toFixed(0)} s`;
export const milliseconds = (ms: number): string => `${ms.toFixed(0)} ms`;

/** The most memory that a process has had so far, as Linux counts it. */
export async function peakMemory(pid: number): Promise<string> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  const kib = /^VmHWM:\s+(?<kib>\d+)/m.exec(status)?.groups?.['kib'];
  return kib === undefined ? 'not known' : mib(Number(kib) * 1024);
}
