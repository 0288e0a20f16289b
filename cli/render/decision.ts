import type { Decision } from '../../contracts/lane/decision.ts';
import { visibleName } from '../../lib/pure/visible.ts';
import type { Style } from './style.ts';

const PAST: Record<Decision['verb'], string> = {
  retry: 'retried',
  skip: 'skipped',
  replace: 'replaced',
  pause: 'paused',
  resume: 'resumed',
};

/** A lane that is idle at this moment continues in the next one if events wait. */
const NOW: Record<Decision['stateAfter'], string> = {
  idle: 'continues',
  running: 'continues',
  retrying: 'is retrying',
  blocked: 'is blocked',
  paused: 'is paused',
};

/** One line for what a verb did. */
export function renderDecision(name: string, decision: Decision, style: Style): string {
  const record = decision.position === undefined ? '' : ` record ${visibleName(decision.position)}`;
  const states = style.dim(`(was ${decision.stateBefore}, ${NOW[decision.stateAfter]})`);
  return `${style.bold(visibleName(name))}: ${style.green(PAST[decision.verb])}${record} ${states}`;
}
