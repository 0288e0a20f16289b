/** A key of a pipeline. */
export interface NamedKey {
  readonly pipeline: string;
  readonly key: string;
}
