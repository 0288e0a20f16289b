/** What processes have used with all that they have started, as the kernel counts it. Linux only. */
import { readFile } from 'node:fs/promises';

/** Of Linux on every machine that Node runs on. */
const TICKS_PER_SECOND = 100;

/** CPU seconds, all threads, in their own code and in the kernel; of children that have ended too. */
export async function cpuSeconds(pids: readonly number[]): Promise<number> {
  return await sumOf(pids, async (pid) => {
    const ticks = (await family(pid)).map(async (member) => {
      const stat = await textOf(`/proc/${member}/stat`);
      // The name, in parentheses, may hold anything. Behind it: user and system time, then those of ended children.
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      return fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0);
    });
    return (await Promise.all(ticks)).reduce((sum, each) => sum + each, 0) / TICKS_PER_SECOND;
  });
}

/** The most memory that they have had resident, in bytes. What a family shares counts once. */
export async function peakMemory(pids: readonly number[]): Promise<number> {
  return await sumOf(pids, async (pid) => {
    const members = (await family(pid)).map(async (member) => {
      const status = await textOf(`/proc/${member}/status`);
      const kilobytes = (name: string): number =>
        Number(new RegExp(String.raw`^${name}:\s+(\d+) kB$`, 'm').exec(status)?.[1] ?? 0);
      // PostgreSQL's cache is in each of its processes: it would count dozens of times.
      const shared = kilobytes('RssFile') + kilobytes('RssShmem');
      return { own: kilobytes('VmHWM') - shared, shared };
    });
    const read = await Promise.all(members);
    const own = read.reduce((sum, each) => sum + each.own, 0);
    return (own + Math.max(...read.map(({ shared }) => shared))) * 1024;
  });
}

async function sumOf(pids: readonly number[], figure: (pid: number) => Promise<number>): Promise<number> {
  return (await Promise.all(pids.map(figure))).reduce((sum, each) => sum + each, 0);
}

/** A process and its children. */
async function family(pid: number): Promise<readonly string[]> {
  // Of its first thread: PostgreSQL has no other.
  const children = await textOf(`/proc/${pid}/task/${pid}/children`);
  return [String(pid), ...children.split(' ').filter((text) => text !== '')];
}

/** Empty when the process has ended meanwhile. */
async function textOf(file: string): Promise<string> {
  return await readFile(file, 'utf8').catch(() => '');
}
