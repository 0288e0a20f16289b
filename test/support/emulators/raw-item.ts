import { EMULATOR_CREDENTIALS, EMULATOR_REGION } from './credentials.ts';

/** Puts an item that is given as JSON, which can hold any name: the SDK's serialiser loses `__proto__`. */
export async function putRawItem(endpoint: string, table: string, item: string): Promise<void> {
  const credential = `${EMULATOR_CREDENTIALS.accessKeyId}/20260101/${EMULATOR_REGION}/dynamodb/aws4_request`;
  const answer = await fetch(endpoint, {
    method: 'POST',
    headers: {
      'content-type': 'application/x-amz-json-1.0',
      'x-amz-target': 'DynamoDB_20120810.PutItem',
      authorization: `AWS4-HMAC-SHA256 Credential=${credential}, SignedHeaders=host, Signature=00`,
    },
    body: `{"TableName":"${table}","Item":${item}}`,
  });
  if (!answer.ok) throw new Error(await answer.text());
}
