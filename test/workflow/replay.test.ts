/**
 * Histories recorded once must replay with today's code: a lane lives for years, and a workflow that does not replay is
 * stuck. A recorded history is never changed or removed; `npm run record` adds those of the present version
 * (test/workflow/recordings).
 */
import { readdirSync, readFileSync } from 'node:fs';
import { Worker, type WorkflowBundle } from '@temporalio/worker';
import { beforeAll, describe, expect, test } from 'vitest';
import { WORKFLOW_TYPES } from '../../contracts/names.ts';
import { installRuntime } from '../../worker/runtime.ts';
import { filesOf, sourceFiles, textOf as sourceOf } from '../architecture/files.ts';
import { log } from '../support/log.ts';
import { FOLDER } from '../support/recording.ts';
import { bundleWorkflows } from '../support/workflow-bundle.ts';

beforeAll(() => installRuntime(log));

describe('recorded histories replay with the code of today', () => {
  const files = readdirSync(FOLDER).filter((file) => file.endsWith('.json'));
  const textOf = (file: string) => readFileSync(`${FOLDER}${file}`, 'utf8');
  const recorded = files.map((file) => JSON.parse(textOf(file)) as RecordedHistory);

  test.each(Object.values(WORKFLOW_TYPES))('there is one of a %s', (type) => {
    expect(recorded.some((history) => typeOf(history) === type)).toBe(true);
  });

  // A patch that no history went through is code that has never been replayed.
  test.each(patchesOfSources().map((id) => ({ id })))('there is one that went through the patch $id', ({ id }) => {
    expect(recorded.some((history) => patchesOf(history).includes(id))).toBe(true);
  });

  test.each(recordedNames())('there is one of %s', (name) => {
    expect(files.some((file) => file.startsWith(`${name}.v`))).toBe(true);
  });

  let workflowBundle: WorkflowBundle;
  beforeAll(async () => {
    workflowBundle = await bundleWorkflows();
  });

  test.each(files)('%s', async (file) => {
    const history: unknown = JSON.parse(textOf(file));
    await Worker.runReplayHistory({ workflowBundle }, history);
  });
});

interface RecordedHistory {
  readonly events: readonly {
    readonly workflowExecutionStartedEventAttributes?: { readonly workflowType: { readonly name: string } };
    readonly markerRecordedEventAttributes?: {
      readonly markerName: string;
      readonly details: Readonly<Record<string, { readonly payloads: readonly { readonly data: string }[] }>>;
    };
  }[];
}

function typeOf({ events }: RecordedHistory): string | undefined {
  return events[0]?.workflowExecutionStartedEventAttributes?.workflowType.name;
}

function patchesOf({ events }: RecordedHistory): string[] {
  return events.flatMap(({ markerRecordedEventAttributes: marker }) => {
    if (marker?.markerName !== 'core_patch') return [];
    return (marker.details['patch-data']?.payloads ?? []).map(
      ({ data }) => (JSON.parse(Buffer.from(data, 'base64').toString()) as { id: string }).id,
    );
  });
}

/** What test/workflow/recordings records. */
function recordedNames(): string[] {
  return filesOf('test/workflow/recordings', '.record.ts').flatMap((file) =>
    [...sourceOf(file).matchAll(/\brecord\(\s*'(?<name>[\w-]+)'/g)].map(({ groups }) => groups?.['name'] ?? ''),
  );
}

/** The id of every patch in workflow code. */
function patchesOfSources(): string[] {
  return sourceFiles()
    .filter((file) => file.startsWith('workflows/'))
    .flatMap((file) =>
      [...sourceOf(file).matchAll(/\bpatched\('(?<id>[^']*)'\)/g)].map(({ groups }) => groups?.['id'] ?? ''),
    );
}
