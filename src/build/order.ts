/**
 * The order schema files run in: path components compared one by one, each by code point, so that a folder's
 * files stay together and no locale has a say. Pure.
 */
export function comparePaths(a: string, b: string): number {
  const left = a.split("/");
  const right = b.split("/");
  for (let i = 0; i < left.length && i < right.length; i++) {
    const order = compareCodePoints(left[i]!, right[i]!);
    if (order !== 0) return order;
  }
  return left.length - right.length;
}

/** JavaScript compares UTF-16 units, which puts U+1F353 before U+FF21. */
function compareCodePoints(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    if (a.charCodeAt(i) !== b.charCodeAt(i)) {
      const isPair = isLowSurrogate(a.charCodeAt(i)) || isLowSurrogate(b.charCodeAt(i));
      const start = isPair && i > 0 && isHighSurrogate(a.charCodeAt(i - 1)) ? i - 1 : i;
      return a.codePointAt(start)! - b.codePointAt(start)!;
    }
  }
  return a.length - b.length;
}

function isHighSurrogate(unit: number): boolean {
  return (unit & 0xfc00) === 0xd800;
}

function isLowSurrogate(unit: number): boolean {
  return (unit & 0xfc00) === 0xdc00;
}
