/**
 * The one order of versions: digits compared as numbers of any length, so 1 < 2 < 10 and a
 * 14-digit timestamp sorts after every counter.
 */
export function compareVersions(a: string, b: string): number {
  const left = canonicalVersion(a);
  const right = canonicalVersion(b);
  if (left.length !== right.length) return left.length - right.length;
  return left < right ? -1 : left > right ? 1 : 0;
}

/** The version without leading zeros: "001" and "1" are one version. */
export function canonicalVersion(version: string): string {
  let start = 0;
  while (start < version.length - 1 && version.charCodeAt(start) === 0x30) start++;
  return start === 0 ? version : version.slice(start);
}
