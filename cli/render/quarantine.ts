import type { QuarantineDecision } from '../../contracts/quarantine/decision.ts';
import type { QuarantinedRecord } from '../../contracts/quarantine/record.ts';
import { formatPosition } from '../../contracts/event/position.ts';
import { shellWord } from '../../lib/pure/shell-word.ts';
import { visibleName } from '../../lib/pure/visible.ts';
import type { QuarantinePage } from '../../operations/quarantine/quarantine-view.ts';
import { renderData } from './event-data.ts';
import type { Style } from './style.ts';
import { rowsOf, table } from './table.ts';
import { folded, indent, plural, printable } from './text.ts';
import { ago, iso } from './time.ts';

export interface QuarantineContext {
  /** The beginning of commands that are suggested. */
  readonly program: string;
  readonly style: Style;
  readonly now: number;
  /** Show all of the data. */
  readonly full: boolean;
  /** Commands that are suggested have to name the pipeline. */
  readonly named: boolean;
}

const PAST: Record<QuarantineDecision['verb'], string> = { retry: 'retried', skip: 'skipped', replace: 'replaced' };

/** The quarantined records of one pipeline, the latest decisions, and what the operator can do. */
export function renderQuarantine(page: QuarantinePage, context: QuarantineContext): string {
  const { pipeline, view, records, more, gone, problem } = page;
  const { style } = context;
  const count = view.count === 0 ? style.green('empty') : style.red(plural(view.count, 'record'));
  const last = records.at(-1);
  const sections = [
    `${style.bold(pipeline)}  quarantine ${count}`,
    problem === undefined ? undefined : style.red(printable(problemText(problem, page, context))),
    ...records.map((record) => recordSection(record, context)),
    ...gone.map((segment) =>
      style.red(
        `The records of segment ${segment} are gone: it was deleted, or terminated and then forgotten by Temporal.`,
      ),
    ),
    more && last !== undefined
      ? style.dim(
          `More: ${context.program} quarantine list ${shellWord(pipeline)} --after ${shellWord(formatPosition(last.position))}`,
        )
      : undefined,
    decisionsSection([...view.decisions, ...view.pending], context),
    records.length === 0 ? undefined : nextSteps(pipeline, context),
  ];
  return sections.filter((section) => section !== undefined).join('\n\n');
}

function problemText(problem: string, { pipeline, view }: QuarantinePage, { program, named }: QuarantineContext) {
  if (problem !== view.lost) return problem;
  const which = named ? ` --pipeline ${pipeline}` : '';
  return `${problem} To dismiss this message (it skips all records, too): ${program} quarantine skip --all${which}`;
}

function recordSection(record: QuarantinedRecord, { style, now, full }: QuarantineContext): string {
  const { arrivedAt, data, partitionKey, position, reason, replaced, size } = record;
  const key = partitionKey === undefined ? '' : `, partition key "${visibleName(partitionKey)}"`;
  const again = replaced === undefined ? '' : `, replaced ${plural(replaced, 'time')}`;
  return [
    style.bold(formatPosition(position)),
    indent(`arrived ${ago(arrivedAt, now)} (${iso(arrivedAt)}), ${plural(size, 'byte')}${key}${again}`),
    indent(style.red(folded(printable(reason), style.width))),
    indent(folded(renderData(data, full), style.width)),
  ].join('\n');
}

function decisionsSection(decisions: readonly QuarantineDecision[], { style, now }: QuarantineContext) {
  if (decisions.length === 0) return undefined;
  const rows = decisions
    .toReversed()
    .map(({ at, by, decided, kept, target, outcome, reason, verb, why }) => [
      ago(at, now),
      verb,
      printable(by),
      outcome === 'done' ? 'done' : style.yellow(outcome === 'going on' ? 'in progress' : outcome),
      String(decided),
      String(kept),
      printable(target),
      printable([reason, why].filter((each) => each !== undefined).join('; ')),
    ]);
  const list = table(['WHEN', 'VERB', 'BY', 'RESULT', 'RESOLVED', 'UNRESOLVED', 'TARGET', 'WHY'], rows, style);
  return `${style.bold('Decisions')}\n${indent(list)}`;
}

function nextSteps(pipeline: string, { program, named, style }: QuarantineContext): string {
  const which = named ? ` --pipeline ${pipeline}` : '';
  const ways: readonly (readonly [string, string])[] = [
    [`quarantine retry --all${which}`, 'run the current key function again'],
    [`quarantine skip POSITION${which}`, 'drop a record for good'],
    [`quarantine replace POSITION --data '{...}'${which}`, 'give it new data, and find its key'],
  ];
  const rows = ways.map(([command, meaning]) => [style.dim(meaning), `${program} ${command}`]);
  return `${style.bold('To resolve')}\n${indent(rowsOf(rows))}`;
}

/** What a verb did, in one or more lines. */
export function renderQuarantineDecision(pipeline: string, decision: QuarantineDecision, style: Style): string {
  const { decided, firstKept, kept, records, verb, why } = decision;
  const lines = [`${style.bold(pipeline)}: ${style.green(PAST[verb])} ${plural(decided, 'record')}`];
  for (const { key, position } of records) {
    lines.push(indent(key === undefined ? position : `${position} to key ${visibleName(key)}`));
  }
  if (records.length < decided) lines.push(indent(style.dim(`and ${decided - records.length} more`)));
  if (firstKept !== undefined) {
    const text = `${kept} unresolved; ${firstKept.position}: ${printable(firstKept.reason)}`;
    lines.push(indent(style.yellow(text)));
  } else if (why !== undefined) lines.push(indent(style.yellow(printable(why))));
  return lines.join('\n');
}
