import { visibleName } from '../../contracts/visible.ts';
import type { ObservedPooledKey } from '../operations/pooled-key.ts';
import type { Style } from './style.ts';
import { plural } from './text.ts';

/** A healthy key, which has no lane of its own. */
export function renderPooledKey({ pool, view }: ObservedPooledKey, name: string, style: Style): string {
  const isRunning = view.where === 'pool' && view.isInBatch;
  const waits =
    view.waiting === 0 ? 'nothing waits' : `${plural(view.waiting, 'event')} not done${isRunning ? ', running' : ''}`;
  return `${style.bold(visibleName(name))}  ${style.green('healthy')}, in pool ${pool}: ${waits}`;
}
