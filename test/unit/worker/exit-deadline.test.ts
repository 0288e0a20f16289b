import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

const root = fileURLToPath(new URL('../../..', import.meta.url));

interface End {
  readonly code: unknown;
  readonly signal: unknown;
  readonly output: string;
}

/** Runs a script in a process of its own, with a deadline of 300 ms as `deadline`. */
function end(script: string): Promise<End> {
  const around = `
    import { pino } from 'pino';
    import { ExitDeadline } from '${root}worker/exit-deadline.ts';
    const log = pino({ base: null }, { write: (line) => process.stderr.write(line) });
    const exit = (code) => process.exit(code);
    const deadline = new ExitDeadline({ stopWithinMs: 300, log, exit, unfinished: () => ['worker', 'client'] });
    const open = setInterval(() => {}, 1000);
    ${script}`;
  const jiti = `import { createJiti } from 'jiti'; await createJiti('${root}').evalModule(${JSON.stringify(around)}, { filename: '${root}script.ts', async: true });`;
  return new Promise((resolve) => {
    const args = ['--input-type=module', '-e', jiti];
    execFile(process.execPath, args, { cwd: root, timeout: 20_000 }, (error, stdout, stderr) => {
      resolve({ code: error?.code ?? 0, signal: error?.signal ?? null, output: stdout + stderr });
    });
  });
}

describe('the deadline of a stop (fault A3)', () => {
  test('a process that does not stop exits with 1, and the log says why it stops and what has not stopped', async () => {
    const { code, output } = await end(`deadline.set(new Error('the worker is broken'))`);
    expect(code).toBe(1);
    const line = JSON.parse(output) as { level: number; unfinished: unknown; err: { message: string }; msg: string };
    expect(line).toMatchObject({
      level: 60,
      unfinished: ['worker', 'client'],
      err: { message: 'the worker is broken' },
    });
    expect(line.msg).toContain('has not stopped within 300 ms');
  });

  test('a process whose main thread is blocked is killed', async () => {
    const { signal, output } = await end(`deadline.set(); setTimeout(() => { for (;;); }, 100);`);
    expect(signal).toBe('SIGKILL');
    expect(output).toContain('its main thread is blocked');
  });

  test('a process that stops in time is left alone', async () => {
    expect(await end(`deadline.set(); clearInterval(open);`)).toEqual({ code: 0, signal: null, output: '' });
  });
});
