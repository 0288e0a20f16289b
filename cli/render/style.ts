import picocolors from 'picocolors';
import type { Environment } from '../../settings/environment.ts';
import type { Output } from '../io.ts';

export type Paint = (text: string) => string;

/** How text for a person looks: colours on a terminal only, and no wider than it. */
export interface Style {
  readonly bold: Paint;
  readonly dim: Paint;
  readonly red: Paint;
  readonly yellow: Paint;
  readonly green: Paint;
  /** Characters of a line; undefined where nothing is to be cut. */
  readonly width: number | undefined;
}

export function styleFor(output: Output, env: Environment): Style {
  const { bold, dim, red, yellow, green } = picocolors.createColors(output.isTTY === true && !env['NO_COLOR']);
  return { bold, dim, red, yellow, green, width: output.isTTY === true ? (output.columns ?? 120) : undefined };
}
