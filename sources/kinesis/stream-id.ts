/** How requests name a data stream. */
export type StreamId = { readonly StreamName: string } | { readonly StreamARN: string };

const ARN = /^arn:[^:]+:kinesis:[^:]*:[^:]*:stream\/(.+)$/;

/** Name or ARN of the settings in the form of AWS's requests. */
export function streamId(stream: string): StreamId {
  return ARN.test(stream) ? { StreamARN: stream } : { StreamName: stream };
}

/** Undefined when the settings give a name. */
export function streamArn(stream: string): string | undefined {
  return ARN.test(stream) ? stream : undefined;
}

export function streamName(stream: string): string {
  return ARN.exec(stream)?.[1] ?? stream;
}
