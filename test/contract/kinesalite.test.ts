import { startKinesalite } from '../support/emulators/index.ts';
import { describeKinesis } from './kinesis.contract.ts';

// Known to differ from AWS: no ARNs, listings in one piece, no answer to AT_TIMESTAMP when no record has arrived since,
// MillisBehindLatest always 0 in an open shard, no ChildShards, and nothing is throttled. As with AWS a closed shard
// may give empty pages before its null iterator.
describeKinesis('kinesalite', startKinesalite, { arns: false, pagedListing: false, timeWithoutRecords: false });
