import { InvalidArgumentError } from 'commander';

/** The value of `--limit`. */
export function parseLimit(text: string): number {
  if (/^\d+$/.test(text)) return Number(text);
  throw new InvalidArgumentError('It must be a whole number, 0 or more.');
}
