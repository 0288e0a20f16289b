import { visibleName } from '../../lib/pure/visible.ts';
import type { FailingView } from '../../contracts/pool/view.ts';
import type { ObservedPooledKey } from '../../operations/pools/pooled-key.ts';
import type { Style } from './style.ts';
import { indent, plural, printable } from './text.ts';
import { span } from '../../lib/pure/span.ts';
import { ago, iso } from './time.ts';

export interface PooledKeyContext {
  readonly name: string;
  readonly style: Style;
  readonly now: number;
}

/** A key that has no lane of its own. */
export function renderPooledKey({ pool, view }: ObservedPooledKey, { name, style, now }: PooledKeyContext): string {
  const isRunning = view.where === 'pool' && view.isInBatch;
  const waits =
    view.waiting === 0
      ? 'no events wait'
      : `${plural(view.waiting, 'event')} in progress${isRunning ? ', running' : ''}`;
  const failing = view.where === 'pool' ? view.failing : undefined;
  const state = failing === undefined ? style.green('healthy') : style.red('failing');
  const line = `${style.bold(visibleName(name))}  ${state}, in pool ${pool}: ${waits}`;
  return failing === undefined
    ? line
    : [line, ...failingLines(failing, style, now).map((each) => indent(each))].join('\n');
}

function failingLines(failing: FailingView, style: Style, now: number): string[] {
  const { attempts, failure, hold, lastAt, nextAt, position, since } = failing;
  const tried = `${plural(attempts, 'attempt')} since ${iso(since)}, the last one ${ago(lastAt, now)}`;
  return [
    `record   ${printable(position)}`,
    `failed   ${tried}`,
    ...(failure === undefined ? [] : [`failure  ${style.red(printable(`${failure.type}: ${failure.message}`))}`]),
    `next     ${nextText(nextAt, hold !== undefined, now)}`,
    ...(hold === undefined ? [] : [`held     ${holdText(hold, now)}`]),
    style.dim(
      '`keylane retry` tries it now; `skip` and `replace` act on the record. The key gets its own lane for that.',
    ),
  ];
}

function nextText(nextAt: number | undefined, isHeld: boolean, now: number): string {
  if (nextAt === undefined) return 'none: the key is about to get its own lane';
  const when = nextAt > now ? `in ${span(nextAt - now)} or later` : 'any time';
  return isHeld ? `${when}, when the pool probes it` : when;
}

function holdText({ since, until }: NonNullable<FailingView['hold']>, now: number): string {
  const left = until > now ? `for at most ${span(until - now)} more` : 'no longer';
  return `with the other keys of its pool, most of which have been failing since ${iso(since)}: ${left}`;
}
