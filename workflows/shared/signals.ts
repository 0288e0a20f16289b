import { defineSignal, setHandler } from '@temporalio/workflow';
import type { Parsed } from '../../lib/pure/shape.ts';

interface Receiver {
  /** A signal that could not be parsed changes nothing; it is counted, and logged with the field that is wrong. */
  ignore(name: string, signal: unknown, problem: string): void;
}

interface SignalHandler<T> {
  readonly description: string;
  readonly parse: (value: unknown) => Parsed<T>;
  readonly take: (value: T) => void;
}

/**
 * Handles a signal whose argument is parsed first. Anyone can send a signal with any payload from the Temporal UI, and a
 * handler that throws would fail the workflow task for ever (O5). What is ignored stays in the history of the run.
 */
export function onSignal<T>(host: Receiver, name: string, { description, parse, take }: SignalHandler<T>): void {
  const handle = (signal: unknown): void => {
    const parsed = parse(signal);
    if ('value' in parsed) take(parsed.value);
    else host.ignore(name, signal, parsed.problem);
  };
  setHandler(defineSignal<[unknown]>(name), handle, { description });
}
