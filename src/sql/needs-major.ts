import type { Statement } from "./statement.ts";

/** What a statement says that PostgreSQL only knows from a major version on. */
export interface Need {
  readonly major: number;
  /** "NOT NULL as a constraint of a table" */
  readonly what: string;
}

/** The newest of what a statement needs, by its text; undefined for what every supported version (14 on) knows. Pure. */
export function needsMajor(statement: Statement): Need | undefined {
  // Most statements have none of these words, and some are megabytes long.
  if (!HINT.test(statement.text)) return undefined;
  const tokens = statement.tokens();
  const has = (...words: readonly string[]): boolean =>
    tokens.some((_token, at) => words.every((word, index) => tokens[at + index] === word));
  const first = tokens[0];
  const isTable = (first === "ALTER" || first === "CREATE") && tokens.includes("TABLE");
  const needs: readonly (readonly [boolean, number, string])[] = [
    [isTable && addsNotNull(tokens), 18, "NOT NULL as a constraint of a table"],
    [isTable && has(")", "VIRTUAL"), 18, "generated columns that are VIRTUAL"],
    [isTable && has("NOT", "ENFORCED"), 18, "constraints that are NOT ENFORCED"],
    [isTable && has("WITHOUT", "OVERLAPS"), 18, "WITHOUT OVERLAPS"],
    [has("UUIDV7", "(") || has("UUIDV4", "("), 18, "uuidv7() and uuidv4()"],
    [(first === "GRANT" || first === "REVOKE") && tokens.includes("MAINTAIN"), 17, "the right MAINTAIN"],
    [isTable && has("SET", "EXPRESSION"), 17, "SET EXPRESSION"],
    [has("JSON_TABLE", "("), 17, "JSON_TABLE"],
    [has("ANY_VALUE", "("), 16, "ANY_VALUE"],
    [first === "MERGE", 15, "MERGE"],
    [has("NULLS", "NOT", "DISTINCT"), 15, "NULLS NOT DISTINCT"],
    [tokens.includes("VIEW") && tokens.includes("SECURITY_INVOKER"), 15, "views WITH (security_invoker)"],
    [
      isTable && (has("SET", "NULL", "(") || has("SET", "DEFAULT", "(")) && tokens.includes("REFERENCES"),
      15,
      "ON DELETE SET NULL (columns)",
    ],
    [isTable && first === "ALTER" && has("SET", "ACCESS", "METHOD"), 15, "SET ACCESS METHOD"],
    [tokens.includes("PUBLICATION") && has("TABLES", "IN", "SCHEMA"), 15, "publications of TABLES IN SCHEMA"],
  ];
  const [found] = needs.filter(([isNeeded]) => isNeeded);
  return found && { major: found[1], what: found[2] };
}

const HINT =
  /not\s+null|virtual|enforced|overlaps|uuidv|maintain|expression|json_table|any_value|merge|distinct|security_invoker|references|access\s+method|tables\s+in/i;

/** ADD [CONSTRAINT name] NOT NULL column: not that of a column that is added. */
function addsNotNull(tokens: readonly string[]): boolean {
  return tokens.some((token, at) => {
    if (token !== "ADD" && token !== "," && token !== "(") return false;
    const from = tokens[at + 1] === "CONSTRAINT" ? at + 3 : at + 1;
    return tokens[from] === "NOT" && tokens[from + 1] === "NULL";
  });
}
