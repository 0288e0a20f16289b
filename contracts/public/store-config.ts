import type { Size } from './size.ts';

/** What becomes of events that are too large for Temporal. docs/large-events.md explains it. */
export interface LargeEventsConfig {
  /**
   * Data that takes more than this in Temporal is kept in the store. A smaller limit means smaller histories and more
   * calls to the store. Maximum: 1 MiB.
   * @default 64 KiB with a store, 1 MiB without one
   */
  readonly above?: Size;
  /**
   * `folder('./large-events')` or `s3({ bucket })`. Bridge and worker need the same.
   * @default none: a larger event blocks its key until there is one
   */
  readonly store?: StoreConfig;
}

export type StoreConfig = FolderConfig | S3Config;

export interface FolderConfig {
  readonly kind: 'folder';
  /** Relative to the settings file. */
  readonly path: string;
}

export interface S3Options {
  readonly bucket: string;
  /** Before the names of all objects, without a slash at its end. @default none */
  readonly prefix?: string;
  /** @default AWS's own settings: AWS_REGION, profile */
  readonly region?: string;
  /** Of another service that speaks as S3 does. @default AWS's own settings: AWS_ENDPOINT_URL_S3, profile */
  readonly endpoint?: string;
}

export interface S3Config extends S3Options {
  readonly kind: 's3';
}

/** A folder as store of large events, for processes of one machine or with a file system that all of them see. */
export function folder(path: string): FolderConfig {
  return { kind: 'folder', path };
}

/** A bucket of S3, or of a service that speaks as it does, as store of large events. */
export function s3(options: S3Options): S3Config {
  return { kind: 's3', ...options };
}
