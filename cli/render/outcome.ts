import { visibleName } from '../../lib/pure/visible.ts';
import type { Outcome } from '../../operations/decisions/outcome.ts';
import type { Style } from './style.ts';
import { plural, printable } from './text.ts';

/** The line below a decision: what became of the record, and how many events still wait. */
export function renderOutcome(outcome: Outcome, style: Style): string {
  const { attempts, failure, head, lane, record } = outcome;
  const why = failure === undefined ? '' : `: ${printable(`${failure.type}: ${failure.message}`)}`;
  switch (record) {
    case 'handled':
    case 'skipped': {
      const isStuck = failure !== undefined && head !== undefined;
      const next = isStuck ? style.red(`; the next record ${visibleName(head)} is ${lane}${why}`) : '';
      return `${style.green(record)}; ${waits(outcome.waiting)}${next}`;
    }
    case 'failed again':
      return `${style.red(`failed again, attempt ${attempts ?? '?'}${why}`)}; ${waits(outcome.waiting - 1)} behind it`;
    case 'not done yet':
      return `${style.yellow(`not done yet, the key is ${lane}${why}`)}; ${waits(outcome.waiting - 1)} behind it`;
    case 'unknown':
      return style.yellow('result unknown: no worker answers');
  }
}

function waits(count: number): string {
  if (count <= 0) return 'no events wait';
  return `${plural(count, 'event')} ${count === 1 ? 'waits' : 'wait'}`;
}
