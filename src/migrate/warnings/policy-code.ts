import { withOwnOperators } from "#database/catalogue.ts";
import type { Database } from "#database/database.ts";
import type { ExposureKind } from "#sql/effects/exposure-kinds.ts";
import { writtenRoutine } from "#sql/effects/definer.ts";
import { parseQualifiedName } from "#sql/quote.ts";
import type { Statement } from "#sql/statement.ts";
import { readRoutines } from "./known-code.ts";

/** A function that the policy of a table calls. */
interface PolicyFunction {
  /** As `quote_ident` writes it, with its schema. */
  readonly table: string;
  /** As the catalogue has it. */
  readonly name: string;
}

/**
 * Which of these statements make another function of one that policies call, by themselves or through others: they may let other
 * rows through then. One whose text is what the database has already is left out.
 */
export async function replacedForPolicies(
  statements: readonly Statement[],
  database: Database | undefined,
): Promise<ReadonlyMap<Statement, ExposureKind>> {
  const found = new Map<Statement, ExposureKind>();
  const written = statements.flatMap((statement) => {
    const routine = changesRoutine(statement) ? writtenRoutine(statement) : undefined;
    const name = routine === undefined ? undefined : parseQualifiedName(routine.name)?.name;
    return name === undefined ? [] : [{ statement, name, shown: routine!.name }];
  });
  if (database === undefined || written.length === 0) return found;
  const called = await functionsOfPolicies(database);
  if (called.length === 0) return found;
  const bodies = await bodiesOf(
    database,
    written.map(({ name }) => name),
  );
  const codes = await readRoutines(
    database,
    called.map(({ name }) => name),
  );
  for (const { statement, name, shown } of written) {
    if (bodies.some((one) => one.name === name && statement.text.includes(one.body))) continue;
    const callers = new Set([name]);
    // A set goes on to what is added while it is gone through.
    for (const one of callers) for (const [key, code] of codes) if (code.calls.includes(one)) callers.add(key);
    const tables = [...new Set(called.filter((one) => callers.has(one.name)).map(({ table }) => table))];
    if (tables.length > 0) found.set(statement, { kind: "policy-function", routine: shown, tables });
  }
  return found;
}

/** ALTER FUNCTION f RENAME TO g leaves policies the function that they call. */
function changesRoutine({ firstWord, words, text }: Statement): boolean {
  if (firstWord === "CREATE") return words[1] === "OR" && words[3] === "FUNCTION";
  return firstWord === "ALTER" && words[1] === "FUNCTION" && /\b(?:definer|invoker|owner|set|reset)\b/i.test(text);
}

async function functionsOfPolicies(database: Database): Promise<PolicyFunction[]> {
  return await database.query<PolicyFunction>(
    withOwnOperators(`
      select distinct pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname) as "table", p.proname as name
        from pg_catalog.pg_policy o
        join pg_catalog.pg_class c on c.oid = o.polrelid and c.relrowsecurity
        join pg_catalog.pg_namespace n on n.oid = c.relnamespace
        join pg_catalog.pg_depend d on d.classid = 'pg_catalog.pg_policy'::pg_catalog.regclass and d.objid = o.oid
         and d.refclassid = 'pg_catalog.pg_proc'::pg_catalog.regclass
        join pg_catalog.pg_proc p on p.oid = d.refobjid and p.oid >= 16384::pg_catalog.oid
       order by 1, 2`),
  );
}

async function bodiesOf(
  database: Database,
  names: readonly string[],
): Promise<{ readonly name: string; readonly body: string }[]> {
  return await database.query(
    withOwnOperators(`
      select p.proname as name, p.prosrc as body from pg_catalog.pg_proc p
       where p.prosrc <> '' and p.proname = any (
         array(select pg_catalog.json_array_elements_text($1::pg_catalog.text::pg_catalog.json)::pg_catalog.name))`),
    [JSON.stringify(names)],
  );
}
