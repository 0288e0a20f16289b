/** Exit codes of the command line. Scripts rely on these numbers, so they never change. */
export const EXIT = {
  done: 0,
  failed: 1,
  /** Wrong usage or settings. */
  usage: 2,
  /** No such pipeline or key. */
  notFound: 3,
  /** Not blocked, another record is current, or records remain in the quarantine. */
  nothingToDo: 4,
  /** Temporal or the source cannot be reached, or no worker answers. */
  unreachable: 5,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];
