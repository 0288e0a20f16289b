export { startKinesalite } from '../../../demo/emulator.ts';
export type { Server } from '../../../demo/server-process.ts';
export { EMULATOR_ENV } from './credentials.ts';
export { startDynamodbLocal } from './dynamodb-local.ts';
export { DynamodbTable, type TableOptions } from './dynamodb-table.ts';
export { FaultProxy } from './fault-proxy.ts';
export { startKinesisLocal } from './kinesis-local.ts';
export { KinesisStream } from './kinesis-stream.ts';
export { findS3Gateway, startS3Gateway } from './versitygw.ts';
