import type { PoolsStatus } from '../../operations/pools/pools.ts';
import { visibleName } from '../../lib/pure/visible.ts';
import type { Style } from './style.ts';
import { plural, printable } from './text.ts';
import { span } from '../../lib/pure/span.ts';

/** What is wrong with keys in a pipeline's pools, in a few lines; none when nothing is. */
export function failingPoolLines(pools: PoolsStatus, style: Style, now: number): string[] {
  const { failing, outage, outages, release, releasing } = pools;
  const lines: string[] = [];
  if (outage !== undefined) {
    const until = outage.until === undefined ? '' : `, for at most ${span(Math.max(0, outage.until - now))} more`;
    lines.push(
      style.red(
        printable(
          `most keys of ${plural(outages, 'pool')} have been failing for ${span(now - outage.since)}: ${causeOf(outage)}`,
        ),
      ),
      `they stay in their pools${until} and some are probed; then they move out and are blocked`,
    );
  }
  if (release !== undefined) {
    lines.push(
      style.red(
        printable(
          `keys of ${plural(releasing, 'pool')} have been failing for ${span(now - release.since)} and are moving out: ${causeOf(release)}`,
        ),
      ),
    );
  }
  if (failing !== undefined) {
    const leaving = failing.leaving === 0 ? '' : ` (${failing.leaving} about to move out)`;
    const behind = plural(failing.events - failing.keys, 'event');
    const sample = failing.sample.map((key) => visibleName(key)).join(', ');
    lines.push(
      `${plural(failing.keys, 'key')} failing without a lane of their own${leaving}, ${behind} behind them: ${sample}${failing.keys > failing.sample.length ? ', ...' : ''}`,
    );
  }
  return lines;
}

function causeOf({ failure }: { readonly failure: { readonly type: string; readonly message: string } }): string {
  return `${failure.type}: ${failure.message}`;
}
