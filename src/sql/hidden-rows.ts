import type { Statement } from "./statement.ts";

/**
 * Whether statements gain nothing from `row_security = off`, which has PostgreSQL refuse what policies would leave rows out of, and may
 * be refused for nothing: rows that an INSERT spells out are checked by policies one by one, and the bodies of functions are only looked at.
 * Wherever a statement may read rows, they do gain from it. Pure.
 */
export function mayRunUnderPolicies(statements: readonly Statement[]): boolean {
  let isAny = false;
  for (const statement of statements) {
    const is = isRefusedForNothing(statement);
    if (!is && mayPassOverRows(statement)) return false;
    isAny ||= is;
  }
  return isAny;
}

/** Where a statement begins: files may hold a hundred thousand of these. */
const INSERT = /insert\b/iy;

function isRefusedForNothing(statement: Statement): boolean {
  INSERT.lastIndex = statement.start;
  if (INSERT.test(statement.source)) return !READS.test(statement.text);
  switch (statement.firstWord) {
    case "COPY":
      // PostgreSQL refuses it by itself, and says what to write instead.
      return statement.copyData !== undefined;
    case "CREATE":
      return /^(?:OR REPLACE )?(?:FUNCTION|PROCEDURE)\b/.test(statement.words.slice(1).join(" "));
    default:
      return false;
  }
}

const READS = /\b(?:select|table|execute)\b/i;

/** Statements that read no rows, or read them past policies. */
const READ_NOTHING: ReadonlySet<string> = new Set(
  "ANALYZE BEGIN CLUSTER COMMENT COMMIT DROP END GRANT LISTEN LOCK NOTIFY REINDEX RELEASE RESET REVOKE ROLLBACK SAVEPOINT SECURITY SET SHOW START TRUNCATE VACUUM".split(
    " ",
  ),
);

/** Of a statement that is not refused for nothing. */
function mayPassOverRows(statement: Statement): boolean {
  const { firstWord = "" } = statement;
  if (READ_NOTHING.has(firstWord)) return false;
  // Foreign keys are checked with a query, and what a function computes for a row may come from one.
  if (firstWord === "ALTER") return /\b(?:references|validate|using|check)\b|\bdefault\b[^,]*\(/i.test(statement.text);
  if (firstWord !== "CREATE") return true;
  const what = statement.words.slice(1).find((word) => !BEFORE_KIND.has(word)) ?? "";
  return (
    !MADE_WITHOUT_ROWS.has(what) &&
    (what !== "TABLE" || /\bas\s*\(*\s*(?:select|with|table|values|execute)\b/i.test(statement.text))
  );
}

const BEFORE_KIND: ReadonlySet<string> = new Set(
  "OR REPLACE UNIQUE GLOBAL LOCAL TEMP TEMPORARY UNLOGGED RECURSIVE CONSTRAINT".split(" "),
);
const MADE_WITHOUT_ROWS: ReadonlySet<string> = new Set(
  "ACCESS AGGREGATE CAST COLLATION CONVERSION DOMAIN EVENT EXTENSION FOREIGN GROUP INDEX LANGUAGE OPERATOR POLICY PUBLICATION ROLE RULE SCHEMA SEQUENCE SERVER STATISTICS SUBSCRIPTION TEXT TRANSFORM TRIGGER TYPE USER VIEW".split(
    " ",
  ),
);
