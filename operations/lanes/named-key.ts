/*
 * How a key is named on the command line. One rule, whatever the number of pipelines: a name that begins with a
 * pipeline and a colon means that pipeline; with --pipeline the name is the key as it is. Pipelines are those of the
 * settings and those that Temporal knows. So a key that begins like that itself is written with its pipeline before it,
 * and `keyName` always prints what can be typed back.
 */

export interface NamedKey {
  readonly pipeline: string;
  readonly key: string;
}
