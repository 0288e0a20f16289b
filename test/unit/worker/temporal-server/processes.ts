import { execFileSync } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';

/** Processes whose command line has `text` in it, ended ones that nobody has asked after left out. */
export function processesWith(text: string): number[] {
  const lines = execFileSync('ps', ['-eo', 'pid=,stat=,args='], { encoding: 'utf8' }).split('\n');
  const found = lines.map((line) => /^\s*(\d+)\s+(\S+)\s+(.*)$/.exec(line)).filter((match) => match !== null);
  return found
    .filter(([, , stat, args]) => !stat?.startsWith('Z') && args?.includes(text))
    .map(([, pid]) => Number(pid));
}

export function isAlive(pid: number): boolean {
  const lines = execFileSync('ps', ['-eo', 'pid=,stat='], { encoding: 'utf8' }).split('\n');
  return lines.some((line) => new RegExp(`^\\s*${pid}\\s+[^Z]`).test(line));
}

/** Polls until `condition` holds; the test's time limit ends it. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await delay(20);
}
