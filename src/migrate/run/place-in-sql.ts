import type { ConfitureError } from "#errors/error.ts";
import { codePointOffset } from "#sql/position.ts";

/** The UTF-16 offset of an error in the text of one call of a TypeScript migration. Pure. */
export function placeInSql({ location, server }: ConfitureError, sql: string): number {
  if (location?.line !== undefined) {
    const lineStart = offsetOfLine(sql, location.line);
    return lineStart + codePointOffset(sql.slice(lineStart), location.column ?? 1);
  }
  return server?.position === undefined ? 0 : codePointOffset(sql, server.position);
}

/** Where a line begins, counted from 1. Pure. */
export function offsetOfLine(text: string, line: number): number {
  let at = 0;
  for (let n = 1; n < line; n++) at = text.indexOf("\n", at) + 1;
  return at;
}
