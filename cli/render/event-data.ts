import { isInline, type ClaimedData, type EventData, type InlineData, type LeftData } from '../../contracts/event.ts';
import { cut, printable } from './text.ts';

const SHOWN_CHARS = 2048;

/** An event's data to read: JSON indented, cut unless all of it is asked for; of large data how it begins. */
export function renderData(data: EventData, full: boolean): string {
  if (!isInline(data)) return `${printable(previewIn(data), 'lines')}…`;
  const text = printable(wholeText(data), 'lines');
  if (full || text.length <= SHOWN_CHARS) return text;
  return `${cut(text, SHOWN_CHARS)}\n(${text.length} characters; --full shows all)`;
}

function previewIn(data: ClaimedData | LeftData): string {
  return 'claim' in data ? data.claim.preview : data.left.preview;
}

function wholeText(data: InlineData): string {
  if ('base64' in data) return `base64 ${data.base64}`;
  if ('json' in data) return JSON.stringify(data.json, undefined, 2);
  try {
    return JSON.stringify(JSON.parse(data.text), undefined, 2);
  } catch {
    return data.text;
  }
}
