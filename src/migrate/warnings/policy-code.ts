import { withOwnOperators } from "#database/catalogue.ts";
import type { Database } from "#database/database.ts";
import type { ExposureKind } from "#sql/effects/exposure-kinds.ts";
import { writtenRoutine } from "#sql/effects/definer.ts";
import { namesRelation } from "#sql/names-in.ts";
import { replacedView } from "#sql/effects/opened.ts";
import { parseQualifiedName } from "#sql/quote.ts";
import type { Statement } from "#sql/statement.ts";
import { readRoutines } from "./known-code.ts";

/** A function or a view that the policy of a table uses, itself or through a view. */
interface PolicyPart {
  /** As `quote_ident` writes it, with its schema. */
  readonly table: string;
  /** As the catalogue has it. */
  readonly name: string;
  readonly isView: boolean;
}

/**
 * Which of these statements make another function or view of one that policies use, by themselves or through others: they may let
 * other rows through then. A function whose text is what the database has already is left out.
 */
export async function replacedForPolicies(
  statements: readonly Statement[],
  database: Database | undefined,
): Promise<ReadonlyMap<Statement, ExposureKind>> {
  const found = new Map<Statement, ExposureKind>();
  const written = statements.flatMap(replacedPart);
  if (database === undefined || written.length === 0) return found;
  const used = await partsOfPolicies(database);
  if (used.length === 0) return found;
  const [routines, views] = [written.filter(({ isView }) => !isView), written.filter(({ isView }) => isView)];
  const bodies = await bodiesWith(database, routines, views);
  const codes = await readRoutines(
    database,
    used.flatMap(({ isView, name }) => (isView ? [] : [name])),
  );
  for (const { statement, name, shown, isView } of written) {
    const isSame = bodies.some((one) => one.name === name && statement.text.includes(one.body));
    if (!isView && isSame) continue;
    const callers = new Set(
      isView ? bodies.flatMap((one) => (namesRelation(one.body, shown) ? [one.name] : [])) : [name],
    );
    // A set goes on to what is added while it is gone through.
    for (const one of callers) for (const [key, code] of codes) if (code.calls.includes(one)) callers.add(key);
    const reached = used.filter((one) => (one.isView ? isView && one.name === name : callers.has(one.name)));
    const tables = [...new Set(reached.map(({ table }) => table))];
    if (tables.length > 0)
      found.set(statement, { kind: "policy-code", what: `${isView ? "VIEW" : "FUNCTION"} ${shown}`, tables });
  }
  return found;
}

/** What a statement makes another one of; `shown` is its name as SQL takes it. */
function replacedPart(statement: Statement): readonly {
  readonly statement: Statement;
  readonly name: string;
  readonly shown: string;
  readonly isView: boolean;
}[] {
  const view = replacedView(statement);
  const shown = view ?? (changesRoutine(statement) ? writtenRoutine(statement)?.name : undefined);
  const name = shown === undefined ? undefined : parseQualifiedName(shown)?.name;
  return name === undefined ? [] : [{ statement, name, shown: shown!, isView: view !== undefined }];
}

/** ALTER FUNCTION f RENAME TO g leaves policies the function that they call. */
function changesRoutine({ firstWord, words, text }: Statement): boolean {
  if (firstWord === "CREATE") return words[1] === "OR" && words[3] === "FUNCTION";
  return firstWord === "ALTER" && words[1] === "FUNCTION" && /\b(?:definer|invoker|owner|set|reset)\b/i.test(text);
}

async function partsOfPolicies(database: Database): Promise<PolicyPart[]> {
  return await database.query<PolicyPart>(
    withOwnOperators(`
      with recursive used ("table", classid, oid) as (
        select pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname), d.refclassid, d.refobjid
          from pg_catalog.pg_policy o
          join pg_catalog.pg_class c on c.oid = o.polrelid and c.relrowsecurity
          join pg_catalog.pg_namespace n on n.oid = c.relnamespace
          join pg_catalog.pg_depend d on d.classid = 'pg_catalog.pg_policy'::pg_catalog.regclass and d.objid = o.oid
        union
        select u."table", d.refclassid, d.refobjid
          from used u
          join pg_catalog.pg_rewrite w on w.ev_class = u.oid and u.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
          join pg_catalog.pg_depend d on d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass and d.objid = w.oid)
      select u."table", p.proname as name, false as "isView" from used u
        join pg_catalog.pg_proc p on p.oid = u.oid and u.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass and p.oid >= 16384::pg_catalog.oid
      union
      select u."table", v.relname, true from used u
        join pg_catalog.pg_class v on v.oid = u.oid and u.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
         and v.relkind = 'v' and v.oid >= 16384::pg_catalog.oid
       order by 1, 2`),
  );
}

/** Functions of these names, and those whose text may read one of these views. */
async function bodiesWith(
  database: Database,
  routines: readonly { readonly name: string }[],
  views: readonly { readonly name: string }[],
): Promise<{ readonly name: string; readonly body: string }[]> {
  const list = (parameter: string): string =>
    `array(select pg_catalog.json_array_elements_text(${parameter}::pg_catalog.text::pg_catalog.json)::pg_catalog.name)`;
  return await database.query(
    withOwnOperators(`
      select p.proname as name, p.prosrc as body from pg_catalog.pg_proc p
       where p.prosrc <> '' and p.oid >= 16384::pg_catalog.oid and (p.proname = any (${list("$1")}) or exists (
         select from pg_catalog.unnest(${list("$2")}) v (name)
          where pg_catalog.strpos(pg_catalog.lower(p.prosrc), pg_catalog.lower(v.name::pg_catalog.text)) > 0))`),
    [routines, views].map((parts) => JSON.stringify(parts.map(({ name }) => name))),
  );
}
