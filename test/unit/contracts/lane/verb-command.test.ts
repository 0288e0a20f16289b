import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { VERBS } from '../../../../contracts/names.ts';
import { shellWord } from '../../../../lib/pure/shell-word.ts';
import { verbCommand, type NamedTarget } from '../../../../contracts/lane/verb-command.ts';
import { isVisible } from '../../../../lib/pure/visible.ts';
import { hostileText } from '../../../support/hostile-text.ts';

const POSITION = 'shardId-000000000003:4959033827';
const CASES = 400;

/** What `keylane` is given when a shell runs these lines, in a folder that must stay empty. */
function argumentsIn(shell: string, lines: readonly string[]): string[][] {
  const folder = mkdtempSync(join(tmpdir(), 'keylane-shell-'));
  try {
    const script = `keylane() { printf '%s\\0' "$@"; printf '\\n\\0'; }\n${lines.join('\n')}\n`;
    const output = execFileSync(shell, { cwd: folder, input: script, encoding: 'utf8' });
    expect(readdirSync(folder)).toEqual([]);
    const words = output.split('\0').slice(0, -1);
    const calls: string[][] = [[]];
    for (const word of words) {
      if (word === '\n') calls.push([]);
      else calls.at(-1)?.push(word);
    }
    return calls.slice(0, -1);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The key and the record that a call means, read as the command line does. */
function meant(words: readonly string[]): unknown {
  const target = words.indexOf('--target');
  if (target >= 0) return JSON.parse(words[target + 1] ?? '');
  const name = words.at(-1) ?? '';
  const position = words[words.indexOf('--position') + 1];
  return { pipeline: 'orders', key: name.replace(/^orders:/, ''), position };
}

describe.each(['sh', 'bash'])('pasted into %s', (shell) => {
  test('a command names that key and that record, and runs nothing else (fault E1)', () => {
    const keys = fc.sample(hostileText(), CASES);
    const targets = keys.map((key): NamedTarget => {
      return { pipeline: 'orders', key, name: `orders:${key}`, position: POSITION };
    });
    const lines = targets.map((target, index) => verbCommand('keylane', VERBS[index % 3]!, target));
    expect(lines.filter((line) => !isVisible(line))).toEqual([]);
    const calls = argumentsIn(shell, lines);
    expect(calls.map(meant)).toEqual(keys.map((key) => ({ pipeline: 'orders', key, position: POSITION })));
    expect(calls.map(([verb]) => verb)).toEqual(lines.map((_line, index) => VERBS[index % 3]));
  });

  test('a word in quotes arrives as it is, but for NUL', () => {
    const words = fc
      .sample(hostileText(), CASES)
      .map((word) => word.toWellFormed().replaceAll('\0', '').replace(/^\n$/, 'x'));
    const calls = argumentsIn(shell, [`keylane ${words.map(shellWord).join(' ')}`]);
    expect(calls).toEqual([words]);
  });
});

test.each([
  ['order-42', 'order-42'],
  ['eu:7', 'eu:7'],
  ['two words', "'two words'"],
  ["it's", String.raw`'it'\''s'`],
  ['$HOME', "'$HOME'"],
  ['', "''"],
])('%s is the shell word %s', (word, quoted) => {
  expect(shellWord(word)).toBe(quoted);
});

test.each([
  ['a', 'replace', "keylane replace --position s:1 --data '{...}' a"],
  ['-a', 'skip', 'keylane skip --position s:1 -- -a'],
  ['x\0y', 'skip', `keylane skip --target '{"pipeline":"orders","key":"x\\u0000y","position":"s:1"}'`],
] as const)('the key %j: %s', (key, verb, command) => {
  expect(verbCommand('keylane', verb, { pipeline: 'orders', key, name: key, position: 's:1' })).toBe(command);
});
