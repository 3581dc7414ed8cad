import { isName } from "#sql/effects/code.ts";
import { writtenName } from "#sql/lexer/token-names.ts";

/** Objects that a statement is about without naming them. */
export interface MeantByAll {
  /** As in pg_class.relkind, one after the other. */
  readonly relkinds: string;
  readonly routines: boolean;
  /** Where they are; null for the whole database. */
  readonly schemas: readonly string[] | null;
  readonly tablespaces: readonly string[] | null;
}

/** What PostgreSQL's GRANT calls tables: views and foreign tables as well. */
const TABLES = "rpvmf";
/** What rows are kept in, with the tables whose partitions these are. */
const STORED = "rpm";

const GRANTED: Readonly<Record<string, Pick<MeantByAll, "relkinds" | "routines">>> = {
  TABLES: { relkinds: TABLES, routines: false },
  SEQUENCES: { relkinds: "S", routines: false },
  FUNCTIONS: { relkinds: "", routines: true },
  PROCEDURES: { relkinds: "", routines: true },
  ROUTINES: { relkinds: "", routines: true },
};

const IN_TABLESPACE: Readonly<Record<string, string>> = { TABLE: "rpf", INDEX: "iI", VIEW: "m" };

/** Without a table behind them, they are about every table. */
const MAINTENANCE: ReadonlySet<string> = new Set(["VACUUM", "ANALYZE", "ANALYSE", "CLUSTER"]);
const MAINTENANCE_OPTIONS: ReadonlySet<string> = new Set(["FULL", "FREEZE", "VERBOSE", "ANALYZE", "ANALYSE"]);

/** What a statement in the body of code may stand behind. */
const BEFORE: ReadonlySet<string> = new Set([";", "BEGIN", "THEN", "ELSE", "LOOP"]);

/**
 * What a statement, or the body of code, means by ALL or by naming no table: `GRANT ... ON ALL TABLES IN SCHEMA app`, `REINDEX SCHEMA`,
 * `CREATE PUBLICATION ... FOR ALL TABLES`, `ALTER INDEX ALL IN TABLESPACE`, `VACUUM`. Tokens are those of a `Statement`. Pure.
 */
export function meantByAll(tokens: readonly string[]): MeantByAll[] {
  return tokens.flatMap((token, at): MeantByAll[] => {
    const next = tokens[at + 1];
    if (token === "ALL") return allAt(tokens, at);
    // CREATE PUBLICATION ... FOR TABLES IN SCHEMA, ALTER PUBLICATION ... ADD TABLES IN SCHEMA.
    if (token === "TABLES" && next === "IN" && tokens[at - 1] !== "ALL") {
      return [{ ...EVERYWHERE, relkinds: "rp", schemas: schemasAt(tokens, at + 3) }];
    }
    if (at > 0 && !BEFORE.has(tokens[at - 1]!)) return [];
    if (token === "REINDEX") return reindexAt(tokens, afterOptions(tokens, at + 1));
    if (!MAINTENANCE.has(token)) return [];
    let end = afterOptions(tokens, at + 1);
    while (MAINTENANCE_OPTIONS.has(tokens[end] ?? "")) end++;
    return tokens[end] === undefined || tokens[end] === ";" ? [{ ...EVERYWHERE, relkinds: STORED }] : [];
  });
}

const EVERYWHERE = { relkinds: "", routines: false, schemas: null, tablespaces: null } as const;

function allAt(tokens: readonly string[], at: number): MeantByAll[] {
  const [before, what = "", within, kind] = [tokens[at - 1] ?? "", ...tokens.slice(at + 1, at + 4)];
  if (before === "FOR" && what === "TABLES") return [{ ...EVERYWHERE, relkinds: "rp" }];
  const granted = GRANTED[what];
  if (before === "ON" && granted !== undefined && within === "IN" && kind === "SCHEMA") {
    return [{ ...EVERYWHERE, ...granted, schemas: schemasAt(tokens, at + 4) }];
  }
  const moved = IN_TABLESPACE[before];
  if (moved === undefined || what !== "IN" || within !== "TABLESPACE" || kind === undefined) return [];
  return [{ ...EVERYWHERE, relkinds: moved, tablespaces: [writtenName(kind)] }];
}

function reindexAt(tokens: readonly string[], at: number): MeantByAll[] {
  if (tokens[at] === "DATABASE") return [{ ...EVERYWHERE, relkinds: STORED }];
  if (tokens[at] !== "SCHEMA") return [];
  return [
    { ...EVERYWHERE, relkinds: STORED, schemas: schemasAt(tokens, at + (tokens[at + 1] === "CONCURRENTLY" ? 2 : 1)) },
  ];
}

/** Behind options in parentheses. */
function afterOptions(tokens: readonly string[], at: number): number {
  return tokens[at] === "(" ? tokens.indexOf(")", at) + 1 : at;
}

/** Names of schemas with commas between them; null for CURRENT_SCHEMA, which depends on the session. */
function schemasAt(tokens: readonly string[], from: number): readonly string[] | null {
  const schemas: string[] = [];
  for (let at = from; isName(tokens[at] ?? ""); at += 2) {
    if (tokens[at] === "CURRENT_SCHEMA") return null;
    schemas.push(writtenName(tokens[at]!));
    if (tokens[at + 1] !== ",") break;
  }
  return schemas;
}
