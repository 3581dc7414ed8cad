import type { Statement } from "./statement.ts";

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

function isSearchPath(word: string | undefined): boolean {
  return word === "SEARCH_PATH" || word === '"search_path"';
}

/** The elements of a setting that is a list of names, `"$user", public`, as PostgreSQL keeps it. Pure. */
export function settingList(value: string): string[] {
  return [...value.matchAll(/"((?:[^"]|"")*)"|([^",\s]+)/g)].map(
    ([, quoted, bare]) => quoted?.replaceAll('""', '"') ?? bare ?? "",
  );
}
