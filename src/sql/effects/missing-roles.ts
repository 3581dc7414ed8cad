import { writtenName } from "../lexer/token-names.ts";
import { inside, type Parser } from "../parser.ts";

const CREATE = String.raw`create\s+(?:role|user|group)\s+("[^"]+"|\w+)(?!["\w])[^;]*;\s*`;
const IF_MISSING = String.raw`if\s+not\s+exists\s*\(\s*select\s[^()]*?from\s+(?:pg_catalog\.)?(?:pg_roles|pg_authid|pg_user)\s+(?:as\s+)?(?:\w+\s+)?where\s+(?:\w+\.)?(?:rolname|usename)\s*=\s*'([^']+)'\s*\)\s*then\s+${CREATE}end\s+if\s*;\s*`;
const IF_TAKEN = String.raw`begin\s+${CREATE}exception\s+when\s+duplicate_object\s+then\s+(?:null|raise\s+notice\s[^;]*);\s*end\s*;\s*`;
const WHOLE = new RegExp(String.raw`^\s*begin\s+(?:${IF_MISSING}|${IF_TAKEN})+end\s*;?\s*$`, "i");
const PARTS = new RegExp(String.raw`${IF_MISSING}|${IF_TAKEN}`, "gi");
/** Code that is nothing but the second form. */
const ALONE = new RegExp(String.raw`^\s*${IF_TAKEN.replace(String.raw`end\s*;\s*`, String.raw`end\s*;?\s*$`)}`, "i");

/**
 * The roles that a DO makes where they are missing, if it does nothing else: it does nothing where they are there. Pure.
 * @returns undefined for any other code
 */
export function rolesIfMissing(text: string, parser: Parser): readonly string[] | undefined {
  const args = inside(parser.parse(text), "DoStmt")?.args ?? [];
  const code = args.flatMap((each) => {
    const { defname, arg } = inside(each, "DefElem") ?? {};
    return defname === "as" ? (inside(arg, "String")?.sval ?? []) : [];
  })[0];
  const words = code?.replaceAll(/\/\*.*?\*\/|--[^\n]*/gs, " ");
  if (words === undefined) return undefined;
  const alone = ALONE.exec(words)?.[1];
  if (alone !== undefined) return [writtenName(alone)];
  if (!WHOLE.test(words)) return undefined;
  const roles: string[] = [];
  for (const [, asked, made, taken] of words.matchAll(PARTS)) {
    const name = writtenName(made ?? taken ?? "");
    if (asked !== undefined && asked !== name) return undefined;
    roles.push(name);
  }
  return roles;
}
