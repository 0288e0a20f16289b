/** What a workflow logs that found something to do although nothing came in. Tests look for it, and fail. */
export const TURNED_WITHOUT_INPUT =
  'A workflow has something to do although nothing came in: it pauses before it tries again. Please report this as a bug.';
