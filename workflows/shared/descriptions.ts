/** What the Temporal UI says of each signal, query and update, where it lists them for somebody to choose from. */
import type { VerbName } from '../../contracts/names.ts';

const WHO = '"by": who decides, "reason": why';
const ONE = `Input, optional: {"position": the record that is meant, ${WHO}}.`;

export const VERB_DESCRIPTIONS: Readonly<Record<VerbName, string>> = {
  retry: `Gives the failed record another round of attempts. ${ONE}`,
  skip: `Leaves the failed record out and goes on with the next one. ${ONE}`,
  replace:
    'Gives the failed record other data and runs it again. Input: {"data": the new data as JSON}, or "text" or "base64" ' +
    `for bytes; optional: "position", ${WHO}. The record alone, without "data", is refused.`,
  pause: `Stops the key; its events are kept. Input, optional: {${WHO}}.`,
  resume: 'Lets a paused key go on. Input, optional: {"by": who decides, "reason": why}.',
};

const SOME =
  'Input: one of "position", "positions" (a list), "matching" (a text in the reason) and "all" (true); optional: ' +
  `${WHO}.`;

export const QUARANTINE_DESCRIPTIONS: Readonly<Record<'retry' | 'skip' | 'replace', string>> = {
  retry: `Asks the present key function again, and brings what has a key to its lane. ${SOME}`,
  skip: `Leaves records out for good. ${SOME}`,
  replace:
    'Gives a record other data and brings it to its lane. Input: {"position": the record, "data": the new data as JSON}, ' +
    `or "text" or "base64" for bytes; optional: ${WHO}.`,
};

/** Of what Keylane's own parts send to one another. */
export const INTERNAL = 'Internal: Keylane sends this itself. Do not send it.';
