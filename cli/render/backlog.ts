import { targetWords, type NamedTarget } from '../../contracts/lane/verb-command.ts';
import { visibleName } from '../../lib/pure/visible.ts';
import type { BacklogPage } from '../../operations/lanes/backlog.ts';
import type { Style } from './style.ts';
import { table } from './table.ts';
import { plural } from './text.ts';
import { ago } from './time.ts';

export interface BacklogContext {
  readonly target: NamedTarget;
  readonly program: string;
  readonly style: Style;
  readonly now: number;
  readonly limit: number;
}

/** Some of what waits in a lane, and how to see the next ones. */
export function renderBacklog(page: BacklogPage, { target, program, style, now, limit }: BacklogContext): string {
  const title = `${style.bold(visibleName(target.name))}  ${plural(page.total, 'event')} in the lane`;
  if (page.events.length === 0) return page.total === 0 ? title : `${title}, none after the first ${page.skipped}`;
  const rows = page.events.map(({ position, arrivedAt, size }, index) => {
    return [String(page.skipped + index), position, ago(arrivedAt, now), `${size} B`];
  });
  const list = table(['#', 'RECORD', 'ARRIVED', 'SIZE'], rows, style);
  const next = page.skipped + page.events.length;
  if (next >= page.total) return `${title}\n${list}`;
  const more = `${program} show --backlog --skip ${next} --limit ${limit} ${targetWords(target).join(' ')}`;
  return `${title}\n${list}\n${style.dim(`more: ${more}`)}`;
}
