import type { Command } from 'commander';
import { parsePosition } from '../../../contracts/event/position.ts';
import { UsageError } from '../../errors.ts';
import type { Io } from '../../io.ts';
import { quarantinePage, type QuarantinePage } from '../../../operations/quarantine/quarantine-view.ts';
import { quarantineJson, renderQuarantine } from '../../render/quarantine.ts';
import { withSession } from '../../session.ts';
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
    .description('the records with position, reason and data, the earliest first; last decisions')
    .argument('[pipeline]', 'the pipeline that is meant; else all')
    .option('--limit <number>', 'records of a pipeline at the most; 0 for all', parseLimit, DEFAULT_LIMIT)
    .option('--after <position>', 'begin behind this record')
    .option('--full', 'show all of the data')
    .option('--json', 'print one JSON document')
    .action(async (named: string | undefined, options: ListOptions, self: Command) => {
      const { after } = options;
      if (after !== undefined && parsePosition(after) === undefined) {
        throw new UsageError(
          `${JSON.stringify(after)} is not a position; one looks like shardId-000000000000:4958...3.`,
        );
      }
      await withSession(self, io, async (session) => {
        const pipelines = named === undefined ? session.pipelines : [await session.known(named)];
        if (after !== undefined && pipelines.length > 1) session.onlyPipeline();
        const limit = options.limit === 0 ? Infinity : options.limit;
        const pages: QuarantinePage[] = [];
        for (const pipeline of pipelines) {
          pages.push(
            await quarantinePage(session.client, pipeline, { limit, ...(after === undefined ? {} : { after }) }),
          );
        }
        const { program, style } = session;
        const context = {
          program,
          style,
          now: io.now(),
          full: options.full === true,
          named: session.allPipelines.length > 1 || pipelines.some((each) => !session.allPipelines.includes(each)),
        };
        session.print(
          options.json,
          () => ({ pipelines: pages.map(quarantineJson) }),
          () => pages.map((page) => renderQuarantine(page, context)).join('\n\n'),
        );
      });
    });
  examples(command, [
    'keylane quarantine list',
    'keylane quarantine list orders --limit 100 --after shardId-000000000000:4958',
    "keylane quarantine list --limit 0 --json | jq -r '.pipelines[].records[].position'",
  ]);
}
