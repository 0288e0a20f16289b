export interface Backoff {
  readonly firstMs: number;
  readonly mostMs: number;
}

/** Wait after the `failures`th failure in a row: doubles up to a bound, and is spread over its upper half. */
export function backoffMs(backoff: Backoff, failures: number, random: () => number): number {
  const full = Math.min(backoff.mostMs, backoff.firstMs * 2 ** Math.min(failures - 1, 30));
  return full * (0.5 + random() / 2);
}
