/** Decimals of any length, compared digit by digit. */

/** JavaScript numbers represent up to 15 digits exactly. */
const EXACT_AS_NUMBER = 15;

/**
 * Negative, zero or positive as `a` is less than, equal to or more than `b`. Both are written as JSON writes numbers.
 */
export function compareDecimals(a: string, b: string): number {
  if (isShort(a) && isShort(b)) return Number(a) - Number(b);
  const left = parse(a);
  const right = parse(b);
  if (left.sign !== right.sign) return left.sign - right.sign;
  return left.sign < 0 ? compareMagnitudes(right, left) : compareMagnitudes(left, right);
}

function isShort(text: string): boolean {
  return text.length <= EXACT_AS_NUMBER && !/[eE]/.test(text);
}

interface Decimal {
  readonly sign: -1 | 0 | 1;
  /** Position of the decimal point, counted from the first digit: 2 for 15, 0 for 0.15, -1 for 0.015. */
  readonly point: number;
  /** Without zeros at either end. */
  readonly digits: string;
}

function parse(text: string): Decimal {
  const [, minus, whole = '', fraction = '', exponent = '0'] =
    /^(-?)(\d*)\.?(\d*)(?:[eE]([+-]?\d+))?$/.exec(text) ?? [];
  const all = whole + fraction;
  const digits = withoutZerosBehind(all.replace(/^0+/, ''));
  if (digits === '') return { sign: 0, point: 0, digits };
  const zerosBefore = all.search(/[1-9]/);
  return { sign: minus === '-' ? -1 : 1, point: whole.length - zerosBefore + Number(exponent), digits };
}

/** Not with a regular expression: it would search for the end again from each of a million zeros. */
function withoutZerosBehind(digits: string): string {
  let end = digits.length;
  while (digits[end - 1] === '0') end -= 1;
  return digits.slice(0, end);
}

function compareMagnitudes(a: Decimal, b: Decimal): number {
  if (a.point !== b.point) return a.point < b.point ? -1 : 1;
  if (a.digits === b.digits) return 0;
  return a.digits < b.digits ? -1 : 1;
}

/** A number of a pattern as a decimal; undefined when JavaScript cannot represent it exactly. */
export function decimalOf(value: unknown): string | undefined {
  if (typeof value === 'bigint') return value.toString();
  if (typeof value !== 'number' || !Number.isFinite(value)) return undefined;
  if (Number.isInteger(value) && !Number.isSafeInteger(value)) return undefined;
  return String(value);
}
