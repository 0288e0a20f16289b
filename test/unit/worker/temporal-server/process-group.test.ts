import { expect, test } from 'vitest';
import { ProcessGroup } from '../../../../worker/temporal-server/process-group.ts';

test('the reason of a panic is kept, however long the trace below it', async () => {
  const script = `
    console.error('panic: listen tcp 127.0.0.1:7233: bind: address already in use');
    for (let n = 1; n <= 200; n += 1) console.error('frame ' + n);
    process.exitCode = 2;`;
  const group = new ProcessGroup(process.execPath, ['-e', script], {});
  expect((await group.ended).code).toBe(2);
  expect(group.tail).toMatch(/^panic: .*address already in use\n/);
  expect(group.tail).toMatch(/frame 200$/);
  expect(group.tail.split('\n').length).toBeLessThan(50);
});
