import fc from 'fast-check';
import { expect, test } from 'vitest';
import { OpenQuestions, type PendingForLane } from '../../../../activities/execution/open-question.ts';

type Step = 'ask' | 'answer' | 'signal' | 'start task' | 'end task';

/** What a server has pending for a lane: at most one workflow task; what comes while it runs is in the next one. */
class Server {
  #task: { readonly id: number; isRunning: boolean; readonly reads: number[] } | undefined;
  #early: number[] | undefined;
  #tasks = 0;
  #asked = 0;
  #open: number | undefined;
  /** Questions whose answers no workflow task has dealt with to its end. */
  readonly unread = new Set<number>();

  step(step: Step): void {
    switch (step) {
      case 'ask':
        // A lane asks in a workflow task, and asks one question at a time.
        if (this.#task?.isRunning !== true || this.unread.size > 0) return;
        this.#open = this.#asked += 1;
        this.unread.add(this.#open);
        return;
      case 'answer':
        if (this.#open === undefined) return;
        this.#news(this.#open);
        this.#open = undefined;
        return;
      case 'signal':
        return this.#news();
      case 'start task':
        if (this.#task !== undefined) this.#task.isRunning = true;
        return;
      case 'end task':
        if (this.#task?.isRunning !== true) return;
        for (const question of this.#task.reads) this.unread.delete(question);
        this.#task = undefined;
        if (this.#early !== undefined) this.#schedule(this.#early);
        this.#early = undefined;
    }
  }

  get pending(): PendingForLane {
    return {
      questions: this.#open === undefined ? [] : [String(this.#open)],
      task: this.#task === undefined ? undefined : String(this.#task.id),
    };
  }

  #news(...answers: number[]): void {
    if (this.#task === undefined) this.#schedule(answers);
    else if (this.#task.isRunning) this.#early = [...(this.#early ?? []), ...answers];
    else this.#task.reads.push(...answers);
  }

  #schedule(reads: number[]): void {
    this.#tasks += 1;
    this.#task = { id: this.#tasks, isRunning: false, reads };
  }
}

const step = fc.constantFrom<Step>('ask', 'answer', 'signal', 'start task', 'end task');

test('O7 no attempt goes on before the answer to a question that was open when it began has been dealt with', () => {
  fc.assert(
    fc.property(fc.array(step), fc.array(fc.tuple(step, fc.boolean())), (before, after) => {
      const server = new Server();
      for (const each of before) server.step(each);
      const asked = [...server.unread];
      const questions = new OpenQuestions();
      let isOver = questions.areOver(server.pending);
      for (const [each, looks] of after) {
        if (isOver) break;
        server.step(each);
        if (looks) isOver = questions.areOver(server.pending);
      }
      if (isOver) expect(asked.filter((question) => server.unread.has(question))).toEqual([]);
      for (const each of ['answer', 'start task', 'end task', 'start task', 'end task'] as const) server.step(each);
      expect(questions.areOver(server.pending)).toBe(true);
    }),
    { numRuns: 2000 },
  );
});

test('an attempt does not wait for a lane that is sent something all the time', () => {
  const questions = new OpenQuestions();
  const looks = ['1', '1', '2', '3'].map((task) => questions.areOver({ questions: [], task }));
  expect(looks).toEqual([false, false, false, true]);
});
