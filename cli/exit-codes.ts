/** What the shell learns. Scripts rely on these numbers. */
export const EXIT = {
  done: 0,
  failed: 1,
  /** Wrong usage or settings. */
  usage: 2,
  /** No such pipeline or key. */
  notFound: 3,
  /** Not blocked, or another record is at the head by now. */
  nothingToDecide: 4,
  /** Temporal or the source cannot be reached, or no worker answers. */
  unreachable: 5,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];
