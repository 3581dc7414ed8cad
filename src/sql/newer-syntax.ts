/** A form of statements that PostgreSQL only reads from a major version on. */
export interface NewerSyntax {
  readonly major: number;
  /** "MERGE with RETURNING" */
  readonly what: string;
  /** Tokens that follow each other, in capitals; "..." stands for any that may be between. */
  readonly form: string;
  /** Words that the statement begins with, one of them; any when undefined. */
  readonly begins?: string;
  /** A word that has to be in it as well. */
  readonly has?: string;
}

const TABLE = { begins: "ALTER CREATE", has: "TABLE" };
const COPY = { begins: "COPY" };
const ROWS = { begins: "SELECT INSERT UPDATE DELETE MERGE WITH CREATE DO" };

/** From the release notes of PostgreSQL 15 to 18: what stops a statement there, and is told by its words. */
export const NEWER_SYNTAX: readonly NewerSyntax[] = [
  { major: 18, what: "generated columns that are VIRTUAL", form: ") VIRTUAL", ...TABLE },
  { major: 18, what: "constraints that are NOT ENFORCED", form: "NOT ENFORCED", ...TABLE },
  { major: 18, what: "ALTER CONSTRAINT with ENFORCED", form: "ALTER CONSTRAINT ... ENFORCED", ...TABLE },
  { major: 18, what: "ALTER CONSTRAINT with INHERIT", form: "ALTER CONSTRAINT ... INHERIT", ...TABLE },
  { major: 18, what: "WITHOUT OVERLAPS", form: "WITHOUT OVERLAPS", ...TABLE },
  {
    major: 18,
    what: "RETURNING with OLD and NEW",
    form: "RETURNING WITH (",
    begins: "INSERT UPDATE DELETE MERGE WITH",
  },
  { major: 18, what: "COPY with REJECT_LIMIT", form: "REJECT_LIMIT", ...COPY },
  { major: 18, what: "ANALYZE and VACUUM of ONLY a table", form: "ONLY", begins: "ANALYZE VACUUM" },
  { major: 18, what: "CREATE FOREIGN TABLE with LIKE", form: "FOREIGN TABLE ... ( LIKE", begins: "CREATE" },
  { major: 17, what: "the right MAINTAIN", form: "MAINTAIN", begins: "GRANT REVOKE" },
  { major: 17, what: "SET EXPRESSION", form: "SET EXPRESSION", ...TABLE },
  { major: 17, what: "SET ACCESS METHOD DEFAULT", form: "SET ACCESS METHOD DEFAULT", ...TABLE },
  { major: 17, what: "MERGE with RETURNING", form: "MERGE INTO ... THEN ... RETURNING", begins: "MERGE WITH" },
  { major: 17, what: "MERGE ... WHEN NOT MATCHED BY SOURCE", form: "NOT MATCHED BY", begins: "MERGE WITH" },
  { major: 17, what: "merge_action()", form: "MERGE_ACTION (", begins: "MERGE WITH" },
  { major: 17, what: "JSON_TABLE", form: "JSON_TABLE (" },
  { major: 17, what: "JSON_EXISTS", form: "JSON_EXISTS (" },
  { major: 17, what: "JSON_QUERY", form: "JSON_QUERY (" },
  { major: 17, what: "JSON_VALUE", form: "JSON_VALUE (" },
  { major: 17, what: "JSON_SCALAR", form: "JSON_SCALAR (" },
  { major: 17, what: "JSON_SERIALIZE", form: "JSON_SERIALIZE (" },
  { major: 17, what: "AT LOCAL", form: "AT LOCAL", ...ROWS },
  { major: 17, what: "event triggers ON login", form: "EVENT TRIGGER ... ON LOGIN", begins: "CREATE" },
  { major: 17, what: "the collation provider builtin", form: "= BUILTIN", begins: "CREATE" },
  { major: 17, what: "COPY with ON_ERROR", form: "ON_ERROR", ...COPY },
  { major: 17, what: "COPY with LOG_VERBOSITY", form: "LOG_VERBOSITY", ...COPY },
  { major: 16, what: "IS JSON", form: "IS JSON" },
  { major: 16, what: "IS JSON", form: "IS NOT JSON" },
  { major: 16, what: "JSON_ARRAY", form: "JSON_ARRAY (" },
  { major: 16, what: "JSON_ARRAYAGG", form: "JSON_ARRAYAGG (" },
  { major: 16, what: "JSON_OBJECTAGG", form: "JSON_OBJECTAGG (" },
  { major: 16, what: "SYSTEM_USER", form: "SYSTEM_USER", ...ROWS },
  { major: 16, what: "GRANT of a role WITH INHERIT", form: "WITH INHERIT", begins: "GRANT" },
  { major: 16, what: "GRANT of a role WITH SET", form: "WITH SET", begins: "GRANT" },
  { major: 16, what: "CREATE STATISTICS without a name", form: "STATISTICS ON", begins: "CREATE" },
  { major: 16, what: "VACUUM with BUFFER_USAGE_LIMIT", form: "BUFFER_USAGE_LIMIT", begins: "VACUUM ANALYZE" },
  { major: 15, what: "MERGE", form: "MERGE INTO" },
  { major: 15, what: "NULLS NOT DISTINCT", form: "NULLS NOT DISTINCT", begins: "ALTER CREATE" },
  { major: 15, what: "views WITH (security_invoker)", form: "SECURITY_INVOKER", has: "VIEW", begins: "ALTER CREATE" },
  { major: 15, what: "ON DELETE SET NULL (columns)", form: "REFERENCES ... SET NULL (", ...TABLE },
  { major: 15, what: "ON DELETE SET DEFAULT (columns)", form: "REFERENCES ... SET DEFAULT (", ...TABLE },
  { major: 15, what: "SET ACCESS METHOD", form: "SET ACCESS METHOD", begins: "ALTER", has: "TABLE" },
  { major: 15, what: "publications of TABLES IN SCHEMA", form: "TABLES IN SCHEMA", has: "PUBLICATION" },
  { major: 15, what: "publications of some rows (WHERE)", form: "WHERE", has: "PUBLICATION", begins: "ALTER CREATE" },
  { major: 15, what: "rights ON PARAMETER", form: "ON PARAMETER", begins: "GRANT REVOKE" },
  { major: 15, what: "sequences that are UNLOGGED", form: "UNLOGGED SEQUENCE", begins: "CREATE" },
  { major: 15, what: "sequences that are UNLOGGED", form: "SET UNLOGGED", begins: "ALTER", has: "SEQUENCE" },
  { major: 15, what: "COPY with HEADER MATCH", form: "HEADER MATCH", ...COPY },
  { major: 15, what: "REFRESH COLLATION VERSION of a database", form: "REFRESH COLLATION VERSION", has: "DATABASE" },
];
