import { Connection } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { SearchAttributesError } from '../../../../worker/temporal-server/errors.ts';
import {
  ensureSearchAttributes,
  KEYLANE_SEARCH_ATTRIBUTES,
  type SearchAttributeType,
  type SearchAttributeTypes,
} from '../../../../worker/temporal-server/search-attributes.ts';
import { GRPC } from '../../../../temporal/grpc.ts';
import { devServer } from '../../../support/dev-server.ts';
import { eventually } from '../../../support/eventually.ts';

let connection: Connection;
let namespaces = 0;
beforeAll(async () => {
  connection = await Connection.connect({ address: devServer().address });
});
afterAll(() => connection.close());

/** A namespace that has these, and nothing of Keylane's beside them. */
async function namespaceWith(attributes: SearchAttributeTypes): Promise<string> {
  const namespace = `attributes-${process.pid}-${(namespaces += 1)}`;
  const workflowExecutionRetentionPeriod = { seconds: 86_400 as never };
  await connection.workflowService.registerNamespace({ namespace, workflowExecutionRetentionPeriod });
  await eventually(async () => {
    await connection.operatorService.listSearchAttributes({ namespace });
    return true;
  });
  if (Object.keys(attributes).length > 0) await ensureSearchAttributes(connection, namespace, attributes);
  return namespace;
}

function ensure(namespace: string, unchecked?: (reason: string) => void): Promise<boolean> {
  return ensureSearchAttributes(connection, namespace, KEYLANE_SEARCH_ATTRIBUTES, unchecked);
}

async function refusal(namespace: string): Promise<SearchAttributesError> {
  const error: unknown = await ensure(namespace).then(
    () => 'started',
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(SearchAttributesError);
  return error as SearchAttributesError;
}

describe('search attributes of a namespace (fault F9)', () => {
  test('those that are missing are registered', async () => {
    const namespace = await namespaceWith({ KeylanePipeline: 'Keyword' });
    expect(await ensure(namespace)).toBe(true);
    expect(await ensure(namespace)).toBe(false);
  });

  test.each(Object.entries(KEYLANE_SEARCH_ATTRIBUTES))(
    '%s with another type than %s is refused, with the commands that replace it',
    async (name, type) => {
      const has: SearchAttributeType = 'Double';
      const namespace = await namespaceWith({ [name]: has });
      const { attributes, message } = await refusal(namespace);
      expect(attributes).toEqual([name]);
      expect(message).toContain(`${name} is Double, must be ${type}`);
      expect(message).toContain(`search-attribute remove --namespace ${namespace} --name ${name}`);
      expect(message).toContain(`search-attribute create --namespace ${namespace} --name ${name} --type ${type}`);
    },
  );

  test('those for which there is no room are named, and the others are registered', async () => {
    // A database of SQL has room for three of a kind, ten of Keyword.
    const full = { A: 'Int', B: 'Int', C: 'Int', D: 'Datetime', E: 'Datetime', F: 'Datetime' } as const;
    const namespace = await namespaceWith(full);
    const { attributes, message } = await refusal(namespace);
    expect(attributes.toSorted()).toEqual(['KeylaneBacklog', 'KeylaneBlockedSince']);
    expect(message).toContain('KeylaneBacklog (Int)');
    expect(message).toContain(`temporal operator search-attribute list --namespace ${namespace}`);
    const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
    expect(Object.keys(customAttributes)).toContain('KeylaneError');
  });

  test('without the right to list them the process goes on with a warning', async () => {
    const denied = Object.assign(new Error('denied'), {
      code: GRPC.permissionDenied,
      details: 'Request unauthorized.',
      metadata: {},
    });
    const cloud = { operatorService: { listSearchAttributes: () => Promise.reject(denied) } };
    const reasons: string[] = [];
    const wanted = KEYLANE_SEARCH_ATTRIBUTES;
    const added = await ensureSearchAttributes(cloud as never, 'n', wanted, (reason) => void reasons.push(reason));
    expect({ added, reasons }).toEqual({ added: false, reasons: ['Request unauthorized.'] });
  });
});
