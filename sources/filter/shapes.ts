/**
 * The shape of a source's events, so that a rule that can never match is found at start and not by the records that it
 * dropped.
 */
import type { SourceKind } from '../../contracts/event/event.ts';

/** The kind of value at the end of a path. DynamoDB's numbers are strings. */
export type Content = 'text' | 'number' | 'boolean' | 'anything';

export type Shape =
  /** A value, or with `anything` also an object. `oneOf`: it always exists, and is one of these strings. */
  | { readonly holds: Content; readonly oneOf?: readonly string[] }
  /** An object with these fields and no others. */
  | { readonly fields: Readonly<Record<string, Shape>> }
  /** An object with fields of any name. */
  | { readonly each: Shape };

const TEXT: Shape = { holds: 'text' };
const NUMBER: Shape = { holds: 'number' };
const BOOLEAN: Shape = { holds: 'boolean' };

/** The field of a Kinesis event that is the record's data. */
export const DATA_FIELD = 'data';

const KINESIS: Shape = {
  fields: {
    partitionKey: TEXT,
    sequenceNumber: TEXT,
    approximateArrivalTimestamp: NUMBER,
    [DATA_FIELD]: { each: { holds: 'anything' } },
  },
};

/** An attribute's value under the name of its type. In a list (L) a pattern matches the elements. */
const ATTRIBUTE: Shape = {
  fields: {
    S: TEXT,
    N: TEXT,
    B: TEXT,
    SS: TEXT,
    NS: TEXT,
    BS: TEXT,
    BOOL: BOOLEAN,
    NULL: BOOLEAN,
    get L() {
      return ATTRIBUTE;
    },
    get M() {
      return ITEM;
    },
  },
};
const ITEM: Shape = { each: ATTRIBUTE };

const DYNAMODB: Shape = {
  fields: {
    eventID: TEXT,
    eventName: { holds: 'text', oneOf: ['INSERT', 'MODIFY', 'REMOVE'] },
    eventVersion: TEXT,
    eventSource: { holds: 'text', oneOf: ['aws:dynamodb'] },
    awsRegion: TEXT,
    userIdentity: { fields: { type: TEXT, principalId: TEXT } },
    dynamodb: {
      fields: {
        Keys: ITEM,
        NewImage: ITEM,
        OldImage: ITEM,
        ApproximateCreationDateTime: NUMBER,
        SequenceNumber: TEXT,
        SizeBytes: NUMBER,
        StreamViewType: { holds: 'text', oneOf: ['KEYS_ONLY', 'NEW_IMAGE', 'OLD_IMAGE', 'NEW_AND_OLD_IMAGES'] },
      },
    },
  },
};

export const EVENT_SHAPES: Readonly<Record<SourceKind, Shape>> = { kinesis: KINESIS, dynamodb: DYNAMODB };
