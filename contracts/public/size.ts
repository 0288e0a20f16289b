/** An amount of data: bytes, or text such as `512 KiB`, `1 MiB`. */
export type Size = number | `${number} ${SizeUnit}`;
type SizeUnit = 'KiB' | 'MiB';

const UNIT_BYTES: Record<SizeUnit, number> = { KiB: 1024, MiB: 1024 * 1024 };

/** Whole bytes, or undefined for anything that is not a {@link Size} of zero or more. */
export function sizeBytes(value: unknown): number | undefined {
  if (typeof value === 'number') return Number.isInteger(value) && value >= 0 ? value : undefined;
  if (typeof value !== 'string') return undefined;
  const match = /^(\d+(?:\.\d+)?)\s*(KiB|MiB)$/.exec(value.trim());
  return match === null ? undefined : Math.floor(Number(match[1]) * UNIT_BYTES[match[2] as SizeUnit]);
}

/** `64 KiB`, `10 MiB`, `70,000 bytes`: as people say it, and exact where it is round. */
export function formatSize(bytes: number): string {
  if (bytes > 0 && bytes % UNIT_BYTES.MiB === 0) return `${bytes / UNIT_BYTES.MiB} MiB`;
  if (bytes > 0 && bytes % UNIT_BYTES.KiB === 0) return `${bytes / UNIT_BYTES.KiB} KiB`;
  return `${bytes.toLocaleString('en')} bytes`;
}
