import { FakeAws, systemClock } from '../support/fake-aws/index.ts';
import { describeKinesis } from './kinesis.contract.ts';

// Known to differ from AWS: see "Not modelled" in test/support/fake-aws/index.ts.
const LIKE_AWS = { arns: true, pagedListing: true, timeWithoutRecords: true };

describeKinesis('the fake', () => FakeAws.start({ clock: systemClock }), LIKE_AWS);

describeKinesis(
  'the fake, with the last records and the null iterator in one page',
  () => FakeAws.start({ clock: systemClock, manners: { nullIteratorWithLastRecords: true } }),
  LIKE_AWS,
);

describeKinesis(
  'the fake, with empty pages before the end of a shard',
  () => FakeAws.start({ clock: systemClock, manners: { trailingEmptyPages: 3 } }),
  LIKE_AWS,
);
