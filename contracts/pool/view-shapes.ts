/** Parsers of the answers of a pool's queries. */
import {
  boolean,
  count,
  list,
  number,
  object,
  oneOf,
  optional,
  parseOrThrow,
  string,
  tagged,
  type Shape,
} from '../../lib/pure/shape.ts';
import { failure } from '../event/shapes.ts';
import { endedRun } from '../run-shapes.ts';
import { outage, release } from './shapes.ts';
import type { FailingKeys, FailingView, PoolKeyView, PoolView } from './view.ts';

const poolView: Shape<PoolView> = object<PoolView>({
  pipeline: string,
  waiting: count,
  bytes: number,
  batches: count,
  moved: count,
  handled: count,
  fullOf: optional(oneOf('moved keys')),
  outage: optional(outage),
  release: optional(release),
  failing: optional(object<FailingKeys>({ keys: count, events: count, leaving: count, sample: list(string) })),
  lost: optional(string),
  recovering: optional(endedRun),
});

/** @throws {InvalidValueError} */
export function parsePoolView(value: unknown): PoolView {
  return parseOrThrow(poolView, value, 'The answer of a pool');
}

const failing = object<FailingView>({
  since: number,
  attempts: count,
  lastAt: number,
  nextAt: optional(number),
  position: string,
  failure: optional(failure),
  hold: optional(object<NonNullable<FailingView['hold']>>({ since: number, until: number })),
});

const poolKeyView: Shape<PoolKeyView> = tagged<PoolKeyView, 'where'>('where', {
  pool: object<Extract<PoolKeyView, { readonly where: 'pool' }>>({
    where: oneOf('pool'),
    waiting: count,
    isInBatch: boolean,
    failing: optional(failing),
  }),
  lane: object<Extract<PoolKeyView, { readonly where: 'lane' }>>({ where: oneOf('lane'), waiting: count }),
});

/** @throws {InvalidValueError} */
export function parsePoolKeyView(value: unknown): PoolKeyView {
  return parseOrThrow(poolKeyView, value, 'The answer of a pool about a key');
}
