/** What of some markdown is not code, as CommonMark reads it: between code spans, and the lines outside of fences. */
export function outsideOfCode(markdown: string): string[] {
  const found: string[] = [];
  let fence = 0;
  for (const line of markdown.split('\n')) {
    const run = /^ {0,3}(`{3,}) *$/.exec(line)?.[1]?.length ?? 0;
    if (fence > 0) {
      if (run >= fence) fence = 0;
      continue;
    }
    if (run > 0) fence = run;
    else found.push(...outsideOfSpans(line));
  }
  return found;
}

/** A span ends with the first run of backticks that is as long as the one it began with. */
function outsideOfSpans(line: string): string[] {
  const runs = [...line.matchAll(/`+/g)].map(({ 0: run, index }) => ({ at: index, length: run.length }));
  const parts: string[] = [];
  let from = 0;
  for (let at = 0; at < runs.length; at += 1) {
    const open = runs[at]!;
    const close = runs.findIndex(({ length }, index) => index > at && length === open.length);
    if (close < 0) continue;
    parts.push(line.slice(from, open.at));
    from = runs[close]!.at + open.length;
    at = close;
  }
  return [...parts, line.slice(from)];
}
