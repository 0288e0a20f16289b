import type { Fault, ListingChange } from './faults.ts';
import type { Input } from './input.ts';

/** One of the two services as the server calls it. */
export interface FakeService {
  readonly kind: 'kinesis' | 'dynamodb';
  /**
   * The answer of an operation. `twist` is a fault that changes an answer and takes nothing away.
   * @throws {AwsError}
   */
  answer(operation: string, input: Input, twist: Fault | undefined): object;
}

const unchanged: ListingChange = (page) => page;

export function listingChange(twist: Fault | undefined): ListingChange {
  return twist?.kind === 'listing' ? twist.change : unchanged;
}
