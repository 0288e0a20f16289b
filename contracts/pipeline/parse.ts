/** One parser for each message that comes to a pipeline, or that others read of one. */
import {
  count,
  list,
  object,
  optional,
  parse,
  parseOrNone,
  parseOrThrow,
  string,
  type Parsed,
  type Shape,
} from '../../lib/pure/shape.ts';
import { parseVersioned, version } from '../version.ts';
import type { PipelineConfiguration, PipelineInput } from './messages.ts';
import type { ReaderReport } from './reading.ts';
import { knownStream, pipelineOptions, pipelineState, readerReport, startPoint } from './shapes.ts';
import type { KnownStream } from './stream-identity.ts';
import type { PipelineView } from './view.ts';

const pipelineInput: Shape<PipelineInput> = object<PipelineInput>({
  version,
  pipeline: string,
  source: string,
  startAt: startPoint,
  options: pipelineOptions,
  pools: optional(count),
  stream: optional(knownStream),
  carried: optional(pipelineState),
});

/** @throws {UnknownVersionError | InvalidValueError} */
export function parsePipelineInput(value: unknown): PipelineInput {
  return parseVersioned(pipelineInput, value, 'The argument of the pipeline workflow');
}

const configuration: Shape<PipelineConfiguration> = object<PipelineConfiguration>({ options: pipelineOptions });

export function parsePipelineConfiguration(value: unknown): Parsed<PipelineConfiguration> {
  return parse(configuration, value);
}

/** The result of a reader, or its last heartbeat. */
export function parseReaderReport(value: unknown): Parsed<ReaderReport> {
  return parse(readerReport, value);
}

/** Undefined when it is none. */
export function parseKnownStream(value: unknown): KnownStream | undefined {
  return parseOrNone(knownStream, value);
}

const view: Shape<PipelineView> = object<PipelineView>({
  pipeline: string,
  source: string,
  startAt: startPoint,
  state: pipelineState,
  options: pipelineOptions,
  pools: optional(count),
  readers: list(list(string)),
});

/** @throws {InvalidValueError} */
export function parsePipelineView(value: unknown): PipelineView {
  return parseOrThrow(view, value, 'The answer of the pipeline workflow');
}
