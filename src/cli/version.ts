import { statSync } from "node:fs";
import { version } from "../../package.json" with { type: "json" };

/** Stated once, in package.json. */
export const VERSION: string = version;

/**
 * Tells this executable from any other, also of the same version. Undefined where it is run from its sources, which may change
 * without a word.
 */
export function executable(): string | undefined {
  if (!/\/\$bunfs\/|~BUN/.test(Bun.main)) return undefined;
  const { size, mtimeMs } = statSync(process.execPath);
  return `${VERSION} ${size} ${mtimeMs}`;
}
