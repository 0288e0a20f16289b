import type { Command } from 'commander';
import { notAPosition, parsePosition } from '../../../contracts/event/position.ts';
import { UsageError } from '../../errors.ts';
import type { Io } from '../../io.ts';
import { quarantineDocument } from '../../../operations/documents/quarantine.ts';
import { quarantinePage, type QuarantinePage } from '../../../operations/quarantine/quarantine-view.ts';
import { renderQuarantine } from '../../render/quarantine.ts';
import { withSession, type Session } from '../../session.ts';
import { examples } from '../examples.ts';
import { parseLimit } from '../limit.ts';

const DEFAULT_LIMIT = 20;

interface ListOptions {
  readonly limit: number;
  readonly after?: string;
  readonly full?: boolean;
  readonly json?: boolean;
}

export function addListCommand(quarantine: Command, io: Io): void {
  const command = quarantine
    .command('list')
    .description('list the records with position, reason and data, the earliest first, and the last decisions')
    .argument('[pipeline]', 'the pipeline (default: all)')
    .option('--limit <number>', 'maximum number of records of a pipeline; 0 for all', parseLimit, DEFAULT_LIMIT)
    .option('--after <position>', 'start after this record')
    .option('--full', 'show all of the data')
    .option('--json', 'print one JSON document')
    .action(async (named: string | undefined, options: ListOptions, self: Command) => {
      const { after } = options;
      if (after !== undefined && parsePosition(after) === undefined) {
        throw new UsageError(`${notAPosition(JSON.stringify(after))}.`);
      }
      await withSession(self, io, async (session) => await list(session, named, options));
    });
  examples(command, [
    'keylane quarantine list',
    'keylane quarantine list orders --limit 100 --after shardId-000000000000:4958',
    "keylane quarantine list --limit 0 --json | jq -r '.pipelines[].records[].position'",
  ]);
}

async function list(session: Session, named: string | undefined, options: ListOptions): Promise<void> {
  const { client, io, program, registry, style } = session;
  const { after, full = false, json } = options;
  const pipelines = named === undefined ? await session.pipelines() : [await registry.known(named)];
  if (after !== undefined && pipelines.length > 1) await session.onlyPipeline();
  const limit = options.limit === 0 ? Infinity : options.limit;
  const pages: QuarantinePage[] = [];
  for (const pipeline of pipelines) {
    pages.push(await quarantinePage(client, pipeline, { limit, ...(after === undefined ? {} : { after }) }));
  }
  const context = { program, style, now: io.now(), full, named: pipelines.some((each) => session.mustName(each)) };
  session.print(
    json,
    () => quarantineDocument(pages),
    () => pages.map((page) => renderQuarantine(page, context)).join('\n\n'),
  );
}
