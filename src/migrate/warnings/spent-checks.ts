import { withOwnOperators } from "#database/catalogue.ts";
import type { Database } from "#database/database.ts";
import { mayBeSame } from "#sql/names-in.ts";
import { Statement } from "#sql/statement.ts";
import { foldedName, namesAltered, writtenName } from "#sql/lexer/token-names.ts";

/** A CHECK that asks nothing but that columns are not NULL. */
interface Check {
  /** Folded, with a schema where one is known. */
  readonly table: string;
  readonly name: string;
  readonly columns: readonly string[];
}

/** A column that takes no NULL. */
interface NotNull {
  readonly table: string;
  readonly column: string;
}

/**
 * Which of these statements, run in this order, drop nothing but CHECKs that have done their work: `CHECK (c IS NOT NULL)`, which spares SET NOT NULL
 * its scan, and refuses nothing more once that has run.
 * @param database what it is before they run; undefined where there is none yet
 */
export async function spentChecks(
  statements: readonly Statement[],
  database: Database | undefined,
): Promise<ReadonlySet<Statement>> {
  const spent = new Set<Statement>();
  if (!statements.some(mayDrop)) return spent;
  const { checks, notNulls } = database === undefined ? { checks: [], notNulls: [] } : await readChecks(database);
  for (const statement of statements) {
    if (statement.firstWord !== "ALTER" || statement.words[1] !== "TABLE") continue;
    const tokens = statement.tokens();
    const [table] = namesAltered(tokens).map(foldedName);
    if (table === undefined) continue;
    for (const [at, token] of tokens.entries()) {
      const name = writtenName(tokens[at + 1] ?? "");
      if (token === "CONSTRAINT" && tokens[at - 1] === "ADD") {
        const columns = columnsAsked(tokens.slice(at + 2));
        if (columns !== undefined) checks.push({ table, name, columns });
      }
      // ALTER [COLUMN] c SET NOT NULL, DROP NOT NULL
      if (token !== "NOT" || tokens[at + 1] !== "NULL") continue;
      const column = writtenName(tokens[at - 2] ?? "");
      if (tokens[at - 1] === "SET") notNulls.push({ table, column });
      else if (tokens[at - 1] === "DROP") remove(notNulls, table, column);
    }
    if (!mayDrop(statement)) continue;
    const dropped = droppedConstraints(tokens);
    const isSpent = (name: string): boolean => {
      const check = checks.findLast((one) => one.name === name && mayBeSame(one.table, table));
      const isNotNull = (column: string): boolean =>
        notNulls.some((one) => one.column === column && mayBeSame(one.table, table));
      return check?.columns.every(isNotNull) === true;
    };
    if (dropped?.every(isSpent) === true) spent.add(statement);
  }
  return spent;
}

function mayDrop({ firstWord, text }: Statement): boolean {
  return firstWord === "ALTER" && /\bdrop\s+constraint\b/i.test(text);
}

function remove(notNulls: NotNull[], table: string, column: string): void {
  for (let at = notNulls.length - 1; at >= 0; at--) {
    const one = notNulls[at]!;
    if (one.column === column && mayBeSame(one.table, table)) notNulls.splice(at, 1);
  }
}

/** Undefined where something else is dropped as well. */
function droppedConstraints(tokens: readonly string[]): string[] | undefined {
  const dropped: string[] = [];
  for (const [at, token] of tokens.entries()) {
    if (token !== "DROP") continue;
    if (tokens[at + 1] !== "CONSTRAINT") return undefined;
    dropped.push(writtenName(tokens[tokens[at + 2] === "IF" ? at + 4 : at + 2] ?? ""));
  }
  return dropped;
}

/** The columns of CHECK ((a IS NOT NULL) AND (b IS NOT NULL)), at the beginning of some tokens; undefined for any other. */
function columnsAsked(tokens: readonly string[]): string[] | undefined {
  if (tokens[0] !== "CHECK") return undefined;
  let depth = 0;
  const condition: string[] = [];
  for (const token of tokens.slice(1)) {
    if (token === "(") depth++;
    else if (token === ")") depth--;
    else condition.push(token);
    if (depth === 0) break;
  }
  const columns: string[] = [];
  for (let at = 0; at < condition.length; at += 5) {
    if (condition.slice(at + 1, at + 4).join(" ") !== "IS NOT NULL") return undefined;
    if (at + 4 < condition.length && condition[at + 4] !== "AND") return undefined;
    columns.push(writtenName(condition[at]!));
  }
  return columns.length === 0 ? undefined : columns;
}

async function readChecks(database: Database): Promise<{ checks: Check[]; notNulls: NotNull[] }> {
  const rows = await database.query<{ table: string; name: string; definition: string; notNull: readonly string[] }>(
    withOwnOperators(`select pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname) as "table", k.conname as name,
            pg_catalog.pg_get_constraintdef(k.oid) as definition,
            array(select a.attname::pg_catalog.text from pg_catalog.pg_attribute a
                   where a.attrelid = c.oid and a.attnotnull and a.attnum = any (k.conkey)) as "notNull"
       from pg_catalog.pg_constraint k
       join pg_catalog.pg_class c on c.oid = k.conrelid
       join pg_catalog.pg_namespace n on n.oid = c.relnamespace
      where k.contype = 'c'`),
  );
  const checks: Check[] = [];
  const notNulls: NotNull[] = [];
  for (const { table, name, definition, notNull } of rows) {
    const columns = columnsAsked(Statement.of(definition).tokens());
    if (columns === undefined) continue;
    checks.push({ table, name, columns });
    notNulls.push(...notNull.map((column) => ({ table, column })));
  }
  return { checks, notNulls };
}
