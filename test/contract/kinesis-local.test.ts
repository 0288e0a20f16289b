import { startKinesisLocal } from '../support/emulators/index.ts';
import { describeKinesis } from './kinesis.contract.ts';

// Known to differ from AWS: the ending sequence number of a closed shard is the largest there is, a merged child
// begins at a number below its parents' records, the null iterator comes with the last records, writes go to the
// child while the stream is still UPDATING, and nothing is throttled or trimmed.
describeKinesis('kinesis-local', startKinesisLocal, { arns: true, pagedListing: true, timeWithoutRecords: true });
