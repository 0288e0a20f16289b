import type { Client } from '@temporalio/client';
import type { Decision } from '../../contracts/lane/decision.ts';
import { formatPosition, parsePosition } from '../../contracts/event/position.ts';
import { rejection } from '../../contracts/rejection.ts';
import type { QuarantineDecision } from '../../contracts/quarantine/decision.ts';
import type { LargeEventsSettings } from '../../settings/settings.ts';
import { decide, type Verdict } from './decide.ts';
import { decideQuarantine, type QuarantineVerdict } from '../quarantine/decide.ts';
import { NoSuchLaneError, NothingInQuarantineError, NothingToDecideError } from '../errors.ts';
import { laneView } from '../lanes/lane-view.ts';
import { goesInline, withStoredData } from './stored-data.ts';

/**
 * {@link decide}, with large new data in the store of large events.
 * @throws {UsageError} if the new data is too large for Temporal, and there is no store
 */
export async function decideWithData(
  client: Client,
  verdict: Verdict,
  largeEvents: LargeEventsSettings,
): Promise<Decision> {
  const { args, key, pipeline, verb } = verdict;
  if (verb !== 'replace' || goesInline(args, largeEvents)) return await decide(client, verdict);
  const named = args.position === undefined ? undefined : parsePosition(args.position);
  const position = named ?? (await laneView(client, pipeline, key)).head?.position;
  if (position === undefined) {
    throw new NothingToDecideError(verb, pipeline, key, rejection('no-event', 'the lane has no event'));
  }
  const { by, reason } = args;
  const rest = { ...(by === undefined ? {} : { by }), ...(reason === undefined ? {} : { reason }) };
  return await withStoredData(
    args,
    { pipeline, key, position },
    largeEvents,
    // The data is this record's, whatever is at the head by then.
    async (stored) =>
      await decide(client, { ...verdict, args: { ...rest, position: formatPosition(position), ...stored } }),
    (error) => !(error instanceof NothingToDecideError || error instanceof NoSuchLaneError),
  );
}

/** The same of {@link decideQuarantine}. */
export async function decideQuarantineWithData(
  client: Client,
  verdict: QuarantineVerdict,
  largeEvents: LargeEventsSettings,
): Promise<QuarantineDecision> {
  const { data: _data, text: _text, base64: _base64, ...rest } = verdict.args;
  const [named] = rest.positions ?? [];
  const position = named === undefined ? undefined : parsePosition(named);
  if (verdict.verb !== 'replace' || position === undefined || goesInline(verdict.args, largeEvents)) {
    return await decideQuarantine(client, verdict);
  }
  return await withStoredData(
    verdict.args,
    { pipeline: verdict.pipeline, key: undefined, position },
    largeEvents,
    async (stored) => await decideQuarantine(client, { ...verdict, args: { ...rest, ...stored } }),
    (error) => !(error instanceof NothingInQuarantineError),
  );
}
