import { visibleName } from '../../lib/pure/visible.ts';
import type { Outcome } from '../../operations/decisions/outcome.ts';
import type { Style } from './style.ts';
import { plural, printable } from './text.ts';

/** The line below a decision: what became of the record, and what still waits. */
export function renderOutcome(outcome: Outcome, style: Style): string {
  const { attempts, failure, head, lane, record } = outcome;
  const why = failure === undefined ? '' : `: ${printable(`${failure.type}: ${failure.message}`)}`;
  switch (record) {
    case 'handled':
    case 'left out': {
      const isStuck = failure !== undefined && head !== undefined;
      const next = isStuck ? style.red(`; the next record ${visibleName(head)} is ${lane}${why}`) : '';
      return `${style.green(record)}; ${waits(outcome.waiting)}${next}`;
    }
    case 'failed again':
      return `${style.red(`failed again, attempt ${attempts ?? '?'}${why}`)}; ${waits(outcome.waiting - 1)} behind it`;
    case 'not done yet':
      return `${style.yellow(`not done yet, the key is ${lane}${why}`)}; ${waits(outcome.waiting - 1)} behind it`;
    case 'unknown':
      return style.yellow('what became of it is not known: no worker answers');
  }
}

function waits(count: number): string {
  if (count <= 0) return 'nothing waits';
  return `${plural(count, 'event')} ${count === 1 ? 'waits' : 'wait'}`;
}
