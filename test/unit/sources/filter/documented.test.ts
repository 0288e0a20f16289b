/**
 * The examples and tables of the pages of AWS on Lambda's event filtering: invocation-eventfiltering,
 * with-kinesis-filtering and with-ddb-filtering in https://docs.aws.amazon.com/lambda/latest/dg/.
 */
import { describe, expect, test } from 'vitest';
import { FilterError } from '../../../../sources/filter/errors.ts';
import { compileFilter } from '../../../../sources/filter/filter.ts';
import type { FilterPattern } from '../../../../contracts/public/filter.ts';
import { dynamodbRecord, kinesisRecord } from './records.ts';

const kinesis = (pattern: FilterPattern, data: unknown, partitionKey?: string) =>
  compileFilter('kinesis', [pattern]).matches(kinesisRecord(data, partitionKey));
const dynamodb = (pattern: FilterPattern, change: Readonly<Record<string, unknown>>) =>
  compileFilter('dynamodb', [pattern]).matches(dynamodbRecord(change));

describe('filter rule syntax', () => {
  interface Row {
    readonly operator: string;
    readonly pattern: FilterPattern;
    readonly yes: readonly unknown[];
    readonly no: readonly unknown[];
  }

  test.each<Row>([
    {
      operator: 'Null',
      pattern: { UserID: [null] },
      yes: [{ UserID: null }],
      no: [{ UserID: 'null' }, { UserID: '' }, {}],
    },
    {
      operator: 'Empty',
      pattern: { LastName: [''] },
      yes: [{ LastName: '' }],
      no: [{ LastName: ' ' }, { LastName: null }, {}],
    },
    {
      operator: 'Equals',
      pattern: { Name: ['Alice'] },
      yes: [{ Name: 'Alice', Age: 5 }],
      no: [{ Name: 'alice' }, { Name: 'Alice ' }, { name: 'Alice' }],
    },
    {
      operator: 'Equals (ignore case)',
      pattern: { Name: [{ 'equals-ignore-case': 'alice' }] },
      yes: [{ Name: 'Alice' }, { Name: 'ALICE' }],
      no: [{ Name: 'Alic' }, { Name: 5 }],
    },
    {
      operator: 'And',
      pattern: { Location: ['New York'], Day: ['Monday'] },
      yes: [{ Location: 'New York', Day: 'Monday' }],
      no: [{ Location: 'New York', Day: 'Tuesday' }, { Location: 'New York' }],
    },
    {
      operator: 'Or',
      pattern: { PaymentType: ['Credit', 'Debit'] },
      yes: [{ PaymentType: 'Credit' }, { PaymentType: 'Debit' }],
      no: [{ PaymentType: 'Cash' }, {}],
    },
    {
      operator: 'Or (multiple fields)',
      pattern: { $or: [{ Location: ['New York'] }, { Day: ['Monday'] }] },
      yes: [{ Location: 'New York' }, { Day: 'Monday', Location: 'Rome' }],
      no: [{ Location: 'Rome', Day: 'Tuesday' }, {}],
    },
    {
      operator: 'Not',
      pattern: { Weather: [{ 'anything-but': ['Raining'] }] },
      yes: [{ Weather: 'Sunny' }, { Weather: 5 }, { Weather: null }],
      no: [{ Weather: 'Raining' }, {}],
    },
    {
      operator: 'Numeric (equals)',
      pattern: { Price: [{ numeric: ['=', 100] }] },
      yes: [{ Price: 100 }],
      no: [{ Price: 100.5 }, { Price: '100' }, {}],
    },
    {
      operator: 'Numeric (range)',
      pattern: { Price: [{ numeric: ['>', 10, '<=', 20] }] },
      yes: [{ Price: 10.01 }, { Price: 20 }],
      no: [{ Price: 10 }, { Price: 20.01 }, { Price: '15' }],
    },
    {
      operator: 'Exists',
      pattern: { ProductName: [{ exists: true }] },
      yes: [{ ProductName: '' }, { ProductName: null }, { ProductName: false }],
      no: [{}, { productName: 'x' }],
    },
    {
      operator: 'Does not exist',
      pattern: { ProductName: [{ exists: false }] },
      yes: [{}, { productName: 'x' }],
      no: [{ ProductName: '' }, { ProductName: null }],
    },
    {
      operator: 'Begins with',
      pattern: { Region: [{ prefix: 'us-' }] },
      yes: [{ Region: 'us-east-1' }, { Region: 'us-' }],
      no: [{ Region: 'eu-us-1' }, { Region: 5 }],
    },
    {
      operator: 'Ends with',
      pattern: { FileName: [{ suffix: '.png' }] },
      yes: [{ FileName: 'a.png' }, { FileName: '.png' }],
      no: [{ FileName: 'a.png.txt' }, { FileName: null }],
    },
  ])('$operator', ({ pattern, yes, no }) => {
    for (const data of yes) expect([data, kinesis({ data: pattern }, data)]).toEqual([data, true]);
    for (const data of no) expect([data, kinesis({ data: pattern }, data)]).toEqual([data, false]);
  });

  test('exists works on leaves only: an address that is an object is not there', () => {
    const person = { name: 'John Doe', age: 30, address: { street: '123 Main St', city: 'Anytown', country: 'USA' } };
    expect(kinesis({ data: { person: { address: [{ exists: true }] } } }, { person })).toBe(false);
    expect(kinesis({ data: { person: { address: [{ exists: false }] } } }, { person })).toBe(true);
    expect(kinesis({ data: { person: { address: { city: [{ exists: true }] } } } }, { person })).toBe(true);
  });

  test('a record that matches one of several filters goes on', () => {
    const filter = compileFilter('kinesis', [{ data: { a: [1] } }, { data: { b: [2] } }]);
    expect([{ a: 1 }, { b: 2 }, { a: 2, b: 1 }].map((data) => filter.matches(kinesisRecord(data)))).toEqual([
      true,
      true,
      false,
    ]);
  });
});

describe('filtering with Kinesis', () => {
  const order = { record: 12345, order: { type: 'buy', stock: 'ANYCO', quantity: 1000 } };

  test('orders to buy', () => {
    const pattern = { data: { order: { type: ['buy'] } } };
    expect(kinesis(pattern, order)).toBe(true);
    expect(kinesis(pattern, { ...order, order: { ...order.order, type: 'sell' } })).toBe(false);
  });

  test('a metadata property and a data property', () => {
    const pattern = { partitionKey: ['1'], data: { Location: ['Los Angeles'] } };
    expect(kinesis(pattern, { Location: 'Los Angeles' }, '1')).toBe(true);
    expect(kinesis(pattern, { Location: 'Los Angeles' }, '2')).toBe(false);
    expect(kinesis(pattern, { Location: 'Seattle' }, '1')).toBe(false);
  });

  test('a temperature above 50, at most 60', () => {
    const pattern = { data: { Temperature: [{ numeric: ['>', 50, '<=', 60] }] } } as const;
    expect([50, 50.5, 60, 61, '55'].map((Temperature) => kinesis(pattern, { Temperature }))).toEqual([
      false,
      true,
      true,
      false,
      false,
    ]);
  });

  describe('the format of data and pattern', () => {
    const notJson = ['plain text', '', '{"order":', "{'order': 1}", '01', Buffer.of(0x1f, 0x8b, 0x08)];

    test('valid JSON, valid JSON: the filter decides', () => {
      expect(kinesis({ data: { record: [12345] } }, order)).toBe(true);
      expect(kinesis({ data: { record: [1] } }, order)).toBe(false);
    });

    test.each([order, ...notJson])('%j, no pattern for data: the filter decides by metadata alone', (data) => {
      expect(kinesis({ partitionKey: ['1'] }, data, '1')).toBe(true);
      expect(kinesis({ partitionKey: ['1'] }, data, '2')).toBe(false);
    });

    test.each([['text'], 'text', null, 5])('%j as the pattern for data: an error at start', (data) => {
      expect(() => compileFilter('kinesis', [{ data }])).toThrow(FilterError);
    });

    test.each(notJson)('%j, valid JSON: the record is dropped', (data) => {
      expect(kinesis({ data: { record: [{ exists: true }] } }, data)).toBe(false);
      expect(kinesis({ data: { record: [{ exists: false }] } }, data)).toBe(false);
      expect(kinesis({ partitionKey: ['1'], data: { record: [{ exists: false }] } }, data)).toBe(false);
    });

    test('data that is not JSON is dropped by the filters that read it, and by no other', () => {
      const filter = compileFilter('kinesis', [{ data: { a: [1] } }, { partitionKey: ['raw'] }]);
      expect(filter.matches(kinesisRecord('plain text', 'raw'))).toBe(true);
      expect(filter.matches(kinesisRecord('plain text', 'other'))).toBe(false);
    });
  });
});

describe('filtering with DynamoDB', () => {
  const record = {
    eventName: 'MODIFY',
    dynamodb: {
      Keys: { CustomerName: { S: 'AnyCompany Industries' } },
      NewImage: { AccountManager: { S: 'Pat Candella' }, PaymentTerms: { S: '60 days' }, Visits: { N: '101' } },
      OldImage: { AccountManager: { S: 'Terry Whitlock' } },
      SequenceNumber: '111',
      SizeBytes: 26,
      StreamViewType: 'NEW_AND_OLD_IMAGES',
    },
  };

  test('table keys', () => {
    expect(dynamodb({ dynamodb: { Keys: { CustomerName: { S: ['AnyCompany Industries'] } } } }, record)).toBe(true);
    expect(dynamodb({ dynamodb: { Keys: { CustomerName: { S: ['Other'] } } } }, record)).toBe(false);
  });

  test('a number of a key, which is a text', () => {
    const numbered = { dynamodb: { Keys: { ID: { S: 'ABCD' }, Number: { N: '4567' } } } };
    expect(dynamodb({ dynamodb: { Keys: { Number: { N: ['4567'] } } } }, numbered)).toBe(true);
    expect(dynamodb({ dynamodb: { Keys: { Number: { N: ['1234'] } } } }, numbered)).toBe(false);
  });

  test('table attributes', () => {
    const pattern = { dynamodb: { NewImage: { AccountManager: { S: ['Pat Candella', 'Shirley Rodriguez'] } } } };
    expect(dynamodb(pattern, record)).toBe(true);
    expect(dynamodb(pattern, { dynamodb: { ...record.dynamodb, NewImage: {} } })).toBe(false);
  });

  test('Boolean expressions, with one dynamodb: an object cannot have it twice', () => {
    const pattern = {
      dynamodb: {
        NewImage: { AccountManager: { S: ['Pat Candella'] } },
        OldImage: { AccountManager: { S: ['Terry Whitlock'] } },
      },
    };
    expect(dynamodb(pattern, record)).toBe(true);
    expect(dynamodb(pattern, { dynamodb: { ...record.dynamodb, OldImage: record.dynamodb.NewImage } })).toBe(false);
  });

  test('numeric operators are not supported: an error at start', () => {
    const pattern = { dynamodb: { NewImage: { Visits: { N: [{ numeric: ['>', 100] }] } } } };
    expect(() => compileFilter('dynamodb', [pattern])).toThrow(FilterError);
  });

  test('exists, on the leaves of a list', () => {
    const Organizations = { L: [{ S: 'Sales' }, { S: 'Marketing' }, { S: 'Support' }] };
    const item = { UserID: { S: '12345' }, Name: { S: 'John Doe' } };
    const pattern = { dynamodb: { NewImage: { Organizations: { L: { S: [{ exists: true }] } } } } };
    expect(dynamodb(pattern, { dynamodb: { NewImage: { ...item, Organizations } } })).toBe(true);
    expect(dynamodb(pattern, { dynamodb: { NewImage: item } })).toBe(false);
    expect(dynamodb(pattern, { dynamodb: { NewImage: { ...item, Organizations: { L: [] } } } })).toBe(false);
  });

  test('exists on an attribute, which AWS says never matches: an error at start', () => {
    const pattern = { dynamodb: { NewImage: { Organizations: [{ exists: true }] } } };
    expect(() => compileFilter('dynamodb', [pattern])).toThrow(FilterError);
  });

  test.each([['text'], 'text', null, 5])('%j as the pattern for dynamodb: an error at start', (pattern) => {
    expect(() => compileFilter('dynamodb', [{ dynamodb: pattern }])).toThrow(FilterError);
  });

  test('no pattern for dynamodb: the filter decides by metadata alone', () => {
    expect(dynamodb({ eventName: ['MODIFY'] }, record)).toBe(true);
    expect(dynamodb({ eventName: ['INSERT', 'REMOVE'] }, record)).toBe(false);
  });

  test('removals by time to live', () => {
    const pattern = { userIdentity: { type: ['Service'], principalId: ['dynamodb.amazonaws.com'] } };
    const removal = { eventName: 'REMOVE', dynamodb: record.dynamodb };
    const userIdentity = { type: 'Service', principalId: 'dynamodb.amazonaws.com' };
    expect(dynamodb(pattern, { ...removal, userIdentity })).toBe(true);
    expect(dynamodb(pattern, removal)).toBe(false);
  });
});
