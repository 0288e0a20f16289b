import type { EventData } from './event.ts';

/** The data as a person reads it; of large data the beginning. */
export function dataText(data: EventData): string {
  if ('claim' in data) return `${data.claim.preview}…`;
  if ('sourceOnly' in data) return `${data.sourceOnly.preview}…`;
  if ('base64' in data) return data.base64;
  return 'text' in data ? data.text : JSON.stringify(data.json);
}
