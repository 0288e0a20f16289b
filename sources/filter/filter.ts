/**
 * The user's filter: which records of a source are delivered. Records that it drops are gone for the pipeline (O4), so
 * it does what AWS documents for Lambda's event filtering, and an invalid filter is rejected at start.
 */
import type { SourceKind } from '../../contracts/event/event.ts';
import type { SourceRecord } from '../source.ts';
import { type Conjunction, readPattern } from './conjunctions.ts';
import { FilterError, type FilterProblem } from './errors.ts';
import { type ExactJson, type ExactObject, marked, parseExactJson } from './exact-json.ts';
import { matches, matchTree, type MatchTree } from './match.ts';
import { DATA_FIELD, EVENT_SHAPES } from './shapes.ts';

export interface CompiledFilter {
  /** True when the record is delivered, false when it is dropped. Never throws. */
  matches(record: SourceRecord): boolean;
}

/** One way in which a record can match. */
interface Alternative {
  readonly tree: MatchTree;
  /** True when it has rules about the record's data: then data that is not JSON does not match. */
  readonly readsData: boolean;
}

/**
 * @param patterns a list of patterns, of which a record must match one; anything unknown is a problem
 * @throws {FilterError} with all problems
 */
export function compileFilter(source: SourceKind, patterns: unknown): CompiledFilter {
  const problems: FilterProblem[] = [];
  const alternatives = readPatterns(source, patterns, problems);
  if (problems.length > 0) throw new FilterError(problems);
  return source === 'kinesis' ? kinesisFilter(alternatives) : dynamodbFilter(alternatives);
}

function readPatterns(source: SourceKind, patterns: unknown, problems: FilterProblem[]): Alternative[] {
  if (!Array.isArray(patterns) || patterns.length === 0) {
    const message =
      "must be a list of patterns, as in [{ data: { type: ['order'] } }]; leave it out to keep every record";
    problems.push({ path: [], value: patterns, message });
    return [];
  }
  return patterns.flatMap((pattern: unknown, index) => {
    if (typeof pattern === 'string') {
      problems.push({ path: [index], value: pattern, message: 'is a string; write the pattern as an object' });
      return [];
    }
    const before = problems.length;
    const conjunctions = readPattern(pattern, EVENT_SHAPES[source], [index], problems);
    if (problems.length > before) return [];
    const found = conjunctions.map(alternative).filter((one) => one !== undefined);
    if (found.length < conjunctions.length) {
      const message =
        'has rules for one field both next to an $or and inside of it; put them into the $or, in one list';
      problems.push({ path: [index], value: pattern, message });
    }
    return found;
  });
}

function alternative(leaves: Conjunction): Alternative | undefined {
  const tree = matchTree(leaves);
  return tree && { tree, readsData: leaves.some(({ path }) => path[0] === DATA_FIELD) };
}

function kinesisFilter(alternatives: readonly Alternative[]): CompiledFilter {
  const readsData = alternatives.some((one) => one.readsData);
  return {
    matches(record) {
      const data = readsData ? parseExactJson(record.data) : undefined;
      const event = kinesisEvent(record, data);
      return alternatives.some((one) => (data !== undefined || !one.readsData) && matches(one.tree, event));
    },
  };
}

function kinesisEvent(record: SourceRecord, data: ExactJson | undefined): ExactObject {
  return {
    [marked('partitionKey')]: marked(record.partitionKey),
    [marked('sequenceNumber')]: marked(record.position.sequenceNumber),
    // In seconds, as in Lambda's events.
    [marked('approximateArrivalTimestamp')]: String(record.arrivedAt / 1000),
    ...(data === undefined ? {} : { [marked(DATA_FIELD)]: data }),
  };
}

function dynamodbFilter(alternatives: readonly Alternative[]): CompiledFilter {
  return {
    matches(record) {
      const event = parseExactJson(record.data);
      return event !== undefined && alternatives.some(({ tree }) => matches(tree, event));
    },
  };
}
