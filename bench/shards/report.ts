import { cpus } from 'node:os';
import { SPREAD } from '../../bridge/read/poll-pace.ts';
import { DEFAULT_PIPELINE_OPTIONS } from '../../contracts/pipeline/options.ts';
import { DEFAULTS } from '../../settings/defaults.ts';
import { writeSection } from '../page.ts';
import type { Idle } from './idle.ts';
import type { Cost, PipelineFigures } from './pipeline.ts';
import type { ShardBytes } from './state.ts';

export interface Figures {
  readonly pipeline: PipelineFigures;
  readonly idle: Idle;
  readonly state: readonly ShardBytes[];
}

const KIB = 1024;
const MIB = 1024 * KIB;
/** Where the server ends a workflow, or a message is refused; and where it suggests to continue as new. */
const LIMITS = { events: 51_200, historyBytes: 50 * MIB, payloadBytes: 2 * MIB };
const SUGGESTED_BYTES = 4 * MIB;
const HOUR_MS = 3_600_000;
/** A shard of DynamoDB lives 4 hours, is listed for a day after its end, and is remembered for two days after that. */
const GENERATIONS = (24 + 48) / 4;

/** The figures as markdown; with `write`, also put into their place in docs/PERFORMANCE.md. */
export async function writeReport(figures: Figures, write: boolean): Promise<string> {
  const text = [beginning(figures), idle(figures), history(figures), state(figures)].join('\n\n') + '\n';
  if (write) await writeSection('shards', text);
  return text;
}

function beginning({ pipeline }: Figures): string {
  const { shards, firstSeconds, allSeconds } = pipeline;
  return (
    `${count(shards)} shards with one record each, the whole of Keylane with Temporal's dev server and kinesalite beside it ` +
    `on ${cpus().length} cores: the first event is handled ${firstSeconds.toFixed(1)} s after the start of the pipeline, ` +
    `and one of every shard after ${allSeconds.toFixed(1)} s.`
  );
}

/** Mean of the waits of a quiet shard. */
const IDLE_POLL_MS = DEFAULTS.reading.idlePollMs * (1 - SPREAD / 2);

function idle({ idle: { bytesPerShard, cpuMsPerPoll, pollsPerSecond, shards } }: Figures): string {
  return (
    `An idle shard takes ${(bytesPerShard / KIB).toFixed(1)} KiB of heap in the bridge, and ${cpuMsPerPoll.toFixed(2)} ms of ` +
    'CPU each time that it is asked. With the one second of `reading.idlePoll`, from which a lot takes an eighth on average, that is ' +
    `${((60 * cpuMsPerPoll) / IDLE_POLL_MS).toFixed(2)} s a minute for each shard, and ` +
    `${((shards * cpuMsPerPoll) / IDLE_POLL_MS).toFixed(1)} cores for ${count(shards)} (measured at ${count(pollsPerSecond)} polls a ` +
    'second in one process): with many idle shards raise it, or run more bridges.'
  );
}

function history({ pipeline }: Figures): string {
  const { listing, shards, shift, start } = pipeline;
  const { discoverEveryMs, eventsPerRun, shiftMs } = DEFAULT_PIPELINE_OPTIONS;
  const perHour = { listings: HOUR_MS / discoverEveryMs, shifts: HOUR_MS / shiftMs };
  const hour = {
    events: perHour.listings * listing.events + perHour.shifts * shift.events,
    bytes: perHour.listings * listing.bytes + perHour.shifts * shift.bytes,
  };
  const hours = Math.min(eventsPerRun / hour.events, SUGGESTED_BYTES / hour.bytes);
  // It is called home with what it has, once more.
  const max = { events: hours * hour.events + shift.events, bytes: hours * hour.bytes + shift.bytes };
  const row = (what: string, { events, bytes }: Cost): string =>
    `| ${what} | ${count(events)} | ${kib(bytes)} | ${share(events, LIMITS.events)} | ${share(bytes, LIMITS.historyBytes)} |`;
  return `The history of the pipeline's workflow, with ${count(shards)} shards:

| | events | bytes | of 51,200 events | of 50 MiB |
| --- | --- | --- | --- | --- |
${row('the beginning: a whole listing, and the orders of all readers', start)}
${row('a listing in which nothing is new', listing)}
${row('a shift of all readers', shift)}
${row('an hour with the defaults', hour)}
${row(`a run, until it continues as new after ${hours.toFixed(1)} hours`, max)}`;
}

function state({ pipeline, state: kinds }: Figures): string {
  const { shards, stateBytes, viewBytes } = pipeline;
  const rows = kinds.map(({ ids, live, finished }) => {
    const partitions = LIMITS.payloadBytes / (live + GENERATIONS * finished);
    const max = ids.startsWith('Kinesis')
      ? `${count(LIMITS.payloadBytes / live)} that are read`
      : `${count(partitions)} partitions`;
    return `| ${ids} | ${Math.round(live)} | ${Math.round(finished)} | ${max} |`;
  });
  return `What is carried from run to run takes ${kib(stateBytes)} for these ${count(shards)} shards, ${share(stateBytes, LIMITS.payloadBytes)} of the 2 MiB that a payload may have, and the answer to \`keylane status\` ${kib(viewBytes)}. By ids and positions of a real length:

| shards of | bytes of one that is read | bytes of one that has finished | 2 MiB are full at about |
| --- | --- | --- | --- |
${rows.join('\n')}

A partition of a DynamoDB table has one shard that is read and ${GENERATIONS} that have finished and are remembered: one every four hours, for a day in the listing and two days after it.`;
}

const count = (n: number): string => Math.round(n).toLocaleString('en');
const kib = (bytes: number): string =>
  bytes < MIB ? `${(bytes / KIB).toFixed(1)} KiB` : `${(bytes / MIB).toFixed(1)} MiB`;
const share = (part: number, whole: number): string =>
  `${((100 * part) / whole).toFixed(part < whole / 1000 ? 3 : 1)} %`;
