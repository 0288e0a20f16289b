export interface Backoff {
  readonly firstMs: number;
  readonly maxMs: number;
}

/** The wait after the `failures`th failure in a row: doubles up to a maximum, and is random within its upper half. */
export function backoffMs(backoff: Backoff, failures: number, random: () => number): number {
  const full = Math.min(backoff.maxMs, backoff.firstMs * 2 ** Math.min(failures - 1, 30));
  return full * (0.5 + random() / 2);
}
