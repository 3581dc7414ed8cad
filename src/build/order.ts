const SLASH = 47;

/**
 * The order schema files run in: path components compared one by one, each by code point, so that a folder's
 * files stay together and no locale has a say. Pure.
 */
export function comparePaths(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const left = a.charCodeAt(i);
    const right = b.charCodeAt(i);
    if (left === right) continue;
    // A component that ends comes before one that goes on.
    if (left === SLASH) return -1;
    if (right === SLASH) return 1;
    // JavaScript compares UTF-16 units, which puts U+1F353 before U+FF21.
    const isPair = isLowSurrogate(left) || isLowSurrogate(right);
    const start = isPair && i > 0 && isHighSurrogate(a.charCodeAt(i - 1)) ? i - 1 : i;
    return a.codePointAt(start)! - b.codePointAt(start)!;
  }
  return a.length - b.length;
}

function isHighSurrogate(unit: number): boolean {
  return (unit & 0xfc00) === 0xd800;
}

function isLowSurrogate(unit: number): boolean {
  return (unit & 0xfc00) === 0xdc00;
}
