/** Segments as ranges of consecutive numbers, in order: a state can carry thousands of segments in a few hundred bytes. */
import type { SegmentName, SegmentRange } from './backlog.ts';

type Ranges = readonly SegmentRange[];

export function withSegment(ranges: Ranges, { epoch, number }: SegmentName): Ranges {
  const last = ranges.at(-1);
  if (last?.epoch !== epoch || last.last + 1 !== number) return [...ranges, { epoch, first: number, last: number }];
  return [...ranges.slice(0, -1), { ...last, last: number }];
}

/** Removes the first `count` segments. */
export function withoutFirst(ranges: Ranges, count = 1): Ranges {
  const [range, ...others] = ranges;
  if (range === undefined || count === 0) return ranges;
  const size = range.last - range.first + 1;
  if (count < size) return [{ ...range, first: range.first + count }, ...others];
  return withoutFirst(others, count - size);
}

/** Removes one segment, wherever it is. */
export function withoutSegment(ranges: Ranges, { epoch, number }: SegmentName): Ranges {
  return ranges.flatMap((range) => {
    if (range.epoch !== epoch || number < range.first || number > range.last) return [range];
    const before = { epoch, first: range.first, last: number - 1 };
    const after = { epoch, first: number + 1, last: range.last };
    return [before, after].filter(({ first, last }) => first <= last);
  });
}

/** The names of the first `max` segments. */
export function firstSegments(ranges: Ranges, max: number): SegmentName[] {
  const names: SegmentName[] = [];
  for (const { epoch, first, last } of ranges) {
    for (let number = first; number <= last && names.length < max; number += 1) names.push({ epoch, number });
  }
  return names;
}
