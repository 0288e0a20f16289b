import { span } from '../../lib/pure/span.ts';

export function ago(at: number, now: number): string {
  return `${span(now - at)} ago`;
}

export function iso(at: number): string {
  return new Date(at).toISOString();
}
