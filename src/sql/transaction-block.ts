import type { Statement } from "./statement.ts";

/**
 * The short name of a statement that PostgreSQL refuses inside a transaction block, or undefined: the callers of
 * PreventInTransactionBlock in PostgreSQL 14 to 18, tried against servers. Left out is what text alone does not tell:
 * DROP SUBSCRIPTION (refused when it has a slot), REINDEX and CLUSTER of a partitioned table.
 */
export function cannotRunInTransaction(statement: Statement): string | undefined {
  const [first, second] = statement.words;
  switch (first) {
    case "VACUUM":
      return first;
    case "DISCARD":
      return second === "ALL" ? "DISCARD ALL" : undefined;
    case "CREATE":
      return refusedCreate(statement);
    case "DROP":
      if (second === "DATABASE" || second === "TABLESPACE") return `DROP ${second}`;
      return second === "INDEX" && statement.words[2] === "CONCURRENTLY" ? "DROP INDEX CONCURRENTLY" : undefined;
    case "ALTER":
      return refusedAlter(statement);
    case "REINDEX":
      return refusedReindex(statement.tokens());
    case "CLUSTER":
      return refusedCluster(statement.tokens());
    default:
      return undefined;
  }
}

function refusedCreate(statement: Statement): string | undefined {
  const words = statement.words;
  switch (words[1]) {
    case "DATABASE":
    case "TABLESPACE":
      return `CREATE ${words[1]}`;
    case "INDEX":
      return words[2] === "CONCURRENTLY" ? "CREATE INDEX CONCURRENTLY" : undefined;
    case "UNIQUE":
      return words[2] === "INDEX" && words[3] === "CONCURRENTLY" ? "CREATE UNIQUE INDEX CONCURRENTLY" : undefined;
    case "SUBSCRIPTION": {
      const options = readOptions(statement.tokens(), "WITH");
      // create_slot defaults to connect, which defaults to true.
      const createsSlot = options.get("CREATE_SLOT") ?? options.get("CONNECT") ?? true;
      return createsSlot ? "CREATE SUBSCRIPTION" : undefined;
    }
    default:
      return undefined;
  }
}

function refusedAlter(statement: Statement): string | undefined {
  const words = statement.words;
  switch (words[1]) {
    case "SYSTEM":
      return "ALTER SYSTEM";
    case "DATABASE":
      return words[3] === "SET" && words[4] === "TABLESPACE" ? "ALTER DATABASE ... SET TABLESPACE" : undefined;
    case "TABLE": {
      const tokens = statement.tokens();
      const detaches = tokens.at(-1) === "CONCURRENTLY" && tokens.includes("DETACH");
      return detaches ? "ALTER TABLE ... DETACH PARTITION ... CONCURRENTLY" : undefined;
    }
    case "SUBSCRIPTION":
      return refusedAlterSubscription(statement);
    default:
      return undefined;
  }
}

function refusedAlterSubscription(statement: Statement): string | undefined {
  const [, , , action, object] = statement.words;
  if (action === "SET" && object === "(") {
    const options = readOptions(statement.tokens(), "SET");
    if (options.has("FAILOVER")) return "ALTER SUBSCRIPTION ... SET (failover)";
    return options.get("TWO_PHASE") === false ? "ALTER SUBSCRIPTION ... SET (two_phase = false)" : undefined;
  }
  if (object !== "PUBLICATION") return undefined;
  if (action === "REFRESH") return "ALTER SUBSCRIPTION ... REFRESH PUBLICATION";
  if (action !== "SET" && action !== "ADD" && action !== "DROP") return undefined;
  const refreshes = readOptions(statement.tokens(), "WITH").get("REFRESH") ?? true;
  return refreshes ? `ALTER SUBSCRIPTION ... ${action} PUBLICATION` : undefined;
}

function refusedReindex(tokens: readonly string[]): string | undefined {
  const target = tokens[1] === "(" ? tokens.indexOf(")") + 1 : 1;
  const kind = tokens[target];
  if (tokens[target + 1] === "CONCURRENTLY" || readOptions(tokens, "REINDEX").get("CONCURRENTLY") === true) {
    return "REINDEX CONCURRENTLY";
  }
  return kind === "DATABASE" || kind === "SYSTEM" || kind === "SCHEMA" ? `REINDEX ${kind}` : undefined;
}

function refusedCluster(tokens: readonly string[]): string | undefined {
  const last = tokens.at(-1);
  const isBare = tokens.length === 1 || (tokens.length === 2 && last === "VERBOSE") || last === ")";
  return isBare ? "CLUSTER" : undefined;
}

/**
 * The boolean options in the parentheses that follow `keyword`, in upper case. As in PostgreSQL's
 * defGetBoolean an option without a value is true; the last one of a name counts. Other values read as true.
 */
function readOptions(tokens: readonly string[], keyword: string): Map<string, boolean> {
  const options = new Map<string, boolean>();
  let at = tokens.findIndex((token, index) => token === keyword && tokens[index + 1] === "(") + 2;
  if (at === 1) return options;
  while (at < tokens.length && tokens[at] !== ")") {
    const name = unquote(tokens[at++]!);
    if (tokens[at] === "=") at++;
    const hasValue = at < tokens.length && tokens[at] !== "," && tokens[at] !== ")";
    options.set(name, !hasValue || !FALSE_VALUES.has(unquote(tokens[at]!)));
    while (at < tokens.length && tokens[at] !== "," && tokens[at] !== ")") at++;
    if (tokens[at] === ",") at++;
  }
  return options;
}

const FALSE_VALUES: ReadonlySet<string> = new Set(["FALSE", "OFF", "0"]);

function unquote(token: string): string {
  const quoted = token.startsWith("'") || token.startsWith('"');
  return (quoted ? token.slice(1, -1) : token).toUpperCase();
}
