import { Buffer } from 'node:buffer';
import {
  isInline,
  type ClaimedData,
  type EventData,
  type InlineData,
  type SourceOnlyData,
} from '../../contracts/event/event.ts';
import { indentedJson } from './indented-json.ts';
import { cut, printable } from './text.ts';

const SHOWN_CHARS = 2048;
const BYTES_PER_LINE = 16;

/** An event's data to read: JSON indented, cut unless all of it is asked for; of large data how it begins. */
export function renderData(data: EventData, full: boolean): string {
  if (!isInline(data)) return `${printable(previewIn(data), 'lines')}…`;
  const text = printable(wholeText(data), 'lines');
  if (full || text.length <= SHOWN_CHARS) return text;
  return `${cut(text, SHOWN_CHARS)}\n(${text.length} characters; --full shows all)`;
}

function previewIn(data: ClaimedData | SourceOnlyData): string {
  return 'claim' in data ? data.claim.preview : data.sourceOnly.preview;
}

function wholeText(data: InlineData): string {
  if ('base64' in data) return hexDump(Buffer.from(data.base64, 'base64'));
  return 'json' in data ? JSON.stringify(data.json, undefined, 2) : indentedJson(data.text);
}

/** Offset, bytes, and what of them is text: as `hexdump -C` and `xxd` show them. `--json` has them in base64. */
function hexDump(bytes: Uint8Array): string {
  const lines: string[] = [];
  for (let offset = 0; offset < bytes.length; offset += BYTES_PER_LINE) {
    const line = [...bytes.subarray(offset, offset + BYTES_PER_LINE)];
    const hex = line.map((byte) => byte.toString(16).padStart(2, '0')).join(' ');
    const text = line.map((byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCodePoint(byte) : '.')).join('');
    lines.push(`${offset.toString(16).padStart(8, '0')}  ${hex.padEnd(3 * BYTES_PER_LINE - 1)}  ${text}`);
  }
  return lines.join('\n');
}
