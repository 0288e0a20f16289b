/**
 * Lanes of many cases on one task queue, so that a case costs little: each has keys and shards of its own. The worker is
 * theirs together, and stops or dies for all of them.
 */
import type { HandlerContext } from '../../../contracts/public/handler.ts';
import type { ShardCheckpoint } from '../../../contracts/questions.ts';
import type { HandlerEvent } from '../../../contracts/public/record.ts';
import { LaneHarness, QUICK_RETRIES } from '../lane-harness.ts';

export interface Member {
  handle(event: HandlerEvent, context: HandlerContext): Promise<void>;
  checkpoints(): Record<string, ShardCheckpoint>;
  /** Something is about to happen to the worker. */
  told(what: string): void;
  killed(): void;
}

const TIMEOUT_MS = 1200;
/** Between two things that happen to the worker. */
const QUIET_MS = 4000;

export class Fleet {
  readonly harness: LaneHarness;
  readonly #members: Map<string, Member>;
  #readError: Promise<void> | undefined;
  #quietUntil = 0;

  private constructor(harness: LaneHarness, members: Map<string, Member>) {
    this.harness = harness;
    this.#members = members;
  }

  static async start({ replayed }: { readonly replayed: boolean }): Promise<Fleet> {
    const members = new Map<string, Member>();
    const harness = await LaneHarness.start({
      replayed,
      mayDie: true,
      stickyMs: 1000,
      handling: { ...QUICK_RETRIES, timeoutMs: TIMEOUT_MS },
      checkpoints: () => Object.assign({}, ...[...members.values()].map((member) => member.checkpoints())),
      handler: async (event, context) => {
        const member = members.get(caseOf(event.key));
        if (member === undefined) throw new Error(`${event.key} belongs to no case`);
        await member.handle(event, context);
      },
    });
    return new Fleet(harness, members);
  }

  /** @param name what the keys of its case begin with, before a hyphen */
  join(name: string, member: Member): void {
    this.#members.set(name, member);
  }

  /** Joins in when something is happening already; does nothing when that was just now. Tells whether it happened. */
  async readError(how: 'stop' | 'kill' | 'roll', ms: number): Promise<boolean> {
    if (this.#readError === undefined && Date.now() < this.#quietUntil) return false;
    this.#readError ??= this.#make(how, ms).finally(() => {
      this.#readError = undefined;
      this.#quietUntil = Date.now() + QUIET_MS;
    });
    await this.#readError;
    return true;
  }

  async stop(): Promise<void> {
    await this.#readError;
    await this.harness.stop();
  }

  async #make(how: 'stop' | 'kill' | 'roll', ms: number): Promise<void> {
    const { harness } = this;
    this.#tell(`the worker: ${how}`);
    if (how === 'roll') await harness.startWorker();
    if (how === 'kill') {
      harness.killWorker();
      for (const member of this.#members.values()) member.killed();
    } else await harness.stopWorker();
    if (how !== 'roll') {
      await new Promise((resolve) => setTimeout(resolve, ms));
      await harness.startWorker();
    }
    this.#tell(`the worker: ${how} is over`);
  }

  #tell(what: string): void {
    for (const member of this.#members.values()) member.told(what);
  }
}

function caseOf(key: string): string {
  return key.slice(0, key.indexOf('-'));
}
