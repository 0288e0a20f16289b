import { advance, EMPTY_LINEAGE } from '../../bridge/lineage/lineage.ts';
import type { Gap, PipelineState } from '../../contracts/pipeline/state.ts';
import type { ReaderReport } from '../../contracts/pipeline/reading.ts';

/** Records that the source no longer had when they were to be read (O10). */
export interface Gaps {
  /** All that were found so far. */
  readonly count: number;
  /** The latest ones, the oldest first. */
  readonly latest: readonly Gap[];
}

/** What a pipeline knows of gaps, and what its readers have found since. */
export function gapsOf(state: PipelineState = EMPTY_LINEAGE, reports: readonly ReaderReport[]): Gaps {
  // As the pipeline will do it when they come home: each gap counts once.
  const { gaps = [], gapCount = 0 } = reports.reduce(advance, state);
  return { count: gapCount, latest: gaps };
}
