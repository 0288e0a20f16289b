/** Words that a native speaker stumbles over, with what to say instead, so that they do not come back. */
import { describe, expect, test } from 'vitest';
import { filesOf, SOURCE_FOLDERS, textOf } from './files.ts';

interface Word {
  readonly pattern: RegExp;
  readonly say: string;
}

/** Neither in code nor in docs. */
const NOWHERE: readonly Word[] = [
  { pattern: /\bhangs? on\b/i, say: 'depends on' },
  { pattern: /\bpossession/i, say: 'attempt ownership' },
  { pattern: /\bestate\b/i, say: 'recovered state' },
  { pattern: /\buntold\b/i, say: 'unacknowledged' },
  { pattern: /\bstrays?\b/i, say: 'misrouted' },
  { pattern: /\bnot a text\b/i, say: 'not a string' },
  { pattern: /\bby lot\b/i, say: 'at random' },
  { pattern: /whereabouts/i, say: 'location' },
  { pattern: /\bPLENTY\b/, say: 'UNLIMITED' },
  { pattern: /\bsetGoing\b/, say: 'run, start' },
  { pattern: /Keeper\b|-keeper\b/, say: 'spiller, cleaner, pruner, detector' },
];

/** Not in the code of {@link PLAIN_FOLDERS}. */
const NOT_IN_PLAIN_FOLDERS: readonly Word[] = [
  { pattern: /\bat the (?:most|least)\b/i, say: 'at most, at least' },
  { pattern: /\bended from outside\b/i, say: 'terminated externally' },
  { pattern: /\bcomes? home\b|\bbring home\b/i, say: 'stop; return a report' },
  { pattern: /\berrands?\b/i, say: 'lane command' },
  { pattern: /handover/i, say: 'delivery' },
  { pattern: /\bstretch(?:es)?\b/i, say: 'batch' },
  { pattern: /\bmends?\b/i, say: 'fix' },
  { pattern: /\bnobody\b|\beverybody\b|\bsomebody\b/i, say: 'no caller, all lanes, another process' },
  { pattern: /\bbegun\b/i, say: 'started' },
  { pattern: /\ba person\b/i, say: 'the operator' },
  { pattern: /\bbeside\b/i, say: 'next to, in addition to, concurrent' },
  { pattern: /\bunder way\b/i, say: 'in flight' },
  { pattern: /\bof ours\b/i, say: "Keylane's" },
  { pattern: /\btaken over\b/i, say: 'accepted (held durably); recovered (from a terminated run)' },
  { pattern: /\b(?:LONGEST|LARGEST|SHORTEST)_/, say: 'MAX_, MIN_' },
  { pattern: /\ban? (?:empty )?text\b(?! (?:file|on|is|of|that|in))/i, say: 'a string' },
  { pattern: /\bgoes? on\b/i, say: 'continue' },
  { pattern: /\bworks? off\b|\bworked off\b/i, say: 'process' },
  { pattern: /\b(?:is|are|was|were|be) told\b/i, say: 'reported, logged' },
];

const PLAIN_FOLDERS = [
  'lib',
  'aws',
  'sources',
  'stores',
  'settings',
  'temporal',
  'bridge',
  'worker',
  'activities/reading',
  'activities/quarantine',
];

function uses(files: readonly string[], { pattern }: Word): string[] {
  return files.flatMap((file) =>
    textOf(file)
      .split('\n')
      .flatMap((line, index) => (pattern.test(line) ? [`${file}:${index + 1}: ${line.trim()}`] : [])),
  );
}

describe('plain English', () => {
  const code = SOURCE_FOLDERS.flatMap((folder) => filesOf(folder, '.ts'));
  // A decision record keeps the words of its time, and so does the changelog.
  const docs = filesOf('docs', '.md').filter((file) => !file.startsWith('docs/adr/'));

  test.each(NOWHERE)('code and docs do not say $pattern, but: $say', (word) => {
    expect(uses([...code, ...docs, 'README.md', 'CONTRIBUTING.md'], word)).toEqual([]);
  });

  test.each(NOT_IN_PLAIN_FOLDERS)('folders that are done do not say $pattern, but: $say', (word) => {
    const files = PLAIN_FOLDERS.flatMap((folder) => filesOf(folder, '.ts'));
    expect(files.length).toBeGreaterThan(100);
    expect(uses(files, word)).toEqual([]);
  });
});
