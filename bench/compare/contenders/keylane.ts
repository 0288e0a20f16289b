import { pino } from 'pino';
import { kinesis } from '../../../contracts/public/source-config.ts';
import type { PipelineConfig } from '../../../contracts/public/pipeline-config.ts';
import { NonRetryableError } from '../../../contracts/public/errors.ts';
import { runProcess } from '../../../worker/process.ts';
import { toPipelines } from '../../../settings/to-pipelines.ts';
import { PoisonError } from '../book.ts';
import type { LoadEvent } from '../load.ts';
import type { Contender } from './contender.ts';

const NAME = 'bench';

/** Bridge and worker in one process, with the settings that everybody gets. */
export function keylane(config: Partial<PipelineConfig>): Contender {
  return async ({ stream, book, address, signal }) => {
    const pipeline: PipelineConfig = {
      source: kinesis({ stream }),
      key: (record) => {
        const event = record.json() as LoadEvent;
        book.read(event);
        return event.key;
      },
      handler: async (event) => {
        try {
          await book.handle(event.json() as LoadEvent);
        } catch (error) {
          throw error instanceof PoisonError ? new NonRetryableError(error.message) : error;
        }
      },
      ...config,
    };
    const file = `${process.cwd()}/keylane.config.ts`;
    await runProcess({
      settings: {
        file,
        temporal: { address, namespace: undefined, taskQueue: NAME },
        metrics: { address: undefined },
        log: { keys: true },
        pipelines: toPipelines({ pipelines: { [NAME]: pipeline } }, file),
      },
      roles: ['bridge', 'worker'],
      log: pino({ level: 'warn' }, pino.destination(2)),
      signal,
    });
  };
}
