import type { Statement } from "./statement.ts";
import { writtenName } from "./lexer/token-names.ts";

/** What a statement does to the search_path of those behind it. */
export type SearchPathChange = "set" | "emptied" | "reset";

/**
 * Tells whether a statement changes the search_path: SET, SET SCHEMA, RESET, DISCARD ALL, or `SELECT set_config('search_path', ...)`
 * as pg_dump writes it.
 */
export function searchPathChange(statement: Statement): SearchPathChange | undefined {
  const [first, second, third] = statement.words;
  switch (first) {
    case "RESET":
      return isSearchPath(second) || second === "ALL" ? "reset" : undefined;
    case "DISCARD":
      return second === "ALL" ? "reset" : undefined;
    case "SET": {
      const name = second === "SESSION" || second === "LOCAL" ? third : second;
      if (name !== "SCHEMA" && !isSearchPath(name)) return undefined;
      const value = statement.tokens(16).slice(statement.words.indexOf(name!) + 1);
      if (value.at(-1) === "DEFAULT") return "reset";
      return value.at(-1) === "''" && value.length <= 2 ? "emptied" : "set";
    }
    case "SELECT": {
      const call = statement.tokens(16);
      const at = call.indexOf("SET_CONFIG");
      if (at < 0 || at > 3 || call[at + 2]?.toLowerCase() !== "'search_path'") return undefined;
      return call[at + 4] === "''" ? "emptied" : "set";
    }
    default:
      return undefined;
  }
}

/** The schemas that a session looks names up in, as long as nothing sets others; what `"$user"` stands for is not known. */
export const USUAL_PATH: readonly string[] = ["public"];

/** The schemas that names are looked up in behind a statement. Pure. */
export function pathBehind(statement: Statement, path: readonly string[]): readonly string[] {
  switch (searchPathChange(statement)) {
    case undefined:
      return path;
    case "reset":
      return USUAL_PATH;
    case "emptied":
      return [];
    case "set": {
      const tokens = statement.tokens();
      const isCall = tokens[0] === "SELECT";
      const at = tokens.findIndex((token) =>
        isCall ? token === "SET_CONFIG" : token === "SCHEMA" || isSearchPath(token),
      );
      const value = isCall ? tokens.slice(at + 4, at + 5) : tokens.slice(at + 1);
      const schemas = value.filter((token) => token !== "=" && token !== "TO" && token !== ",");
      return schemas
        .flatMap((token) => (isCall ? schemasIn(token) : [schemaOf(token)]))
        .filter((schema) => schema !== "$user");
    }
  }
}

/** In a string of `set_config`, a list stands in quotes; in SET, each schema stands for itself. */
function schemasIn(token: string): string[] {
  return settingList(schemaOf(token));
}

function schemaOf(token: string): string {
  return token.startsWith("'") ? token.slice(1, -1).replaceAll("''", "'") : writtenName(token);
}

function isSearchPath(word: string | undefined): boolean {
  return word === "SEARCH_PATH" || word === '"search_path"';
}

/** The elements of a setting that is a list of names, `"$user", public`, as PostgreSQL keeps it. Pure. */
export function settingList(value: string): string[] {
  return [...value.matchAll(/"((?:[^"]|"")*)"|([^",\s]+)/g)].map(
    ([, quoted, bare]) => quoted?.replaceAll('""', '"') ?? bare ?? "",
  );
}
