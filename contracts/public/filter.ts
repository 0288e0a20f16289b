/** The pattern language of Lambda's event filtering, as settings write it. docs/filter.md explains it. */

/** What a value must be. A list of rules holds when one of them does. */
export type FilterRule =
  | string
  | number
  | bigint
  | boolean
  | null
  | { readonly prefix: string }
  | { readonly suffix: string }
  | { readonly 'equals-ignore-case': string }
  | { readonly 'anything-but': string | number | bigint | readonly string[] | readonly (number | bigint)[] }
  | { readonly numeric: readonly (string | number | bigint)[] }
  | { readonly exists: boolean };

/** Rules by the fields that they are about. It holds when all of them do; of `$or`, one alternative. */
export interface FilterPattern {
  readonly [field: string]: FilterPattern | readonly FilterRule[] | readonly FilterPattern[];
}
