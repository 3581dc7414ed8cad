import type { Database } from "#database/database.ts";
import { rollback } from "#database/rollback.ts";
import { ConfitureError } from "#errors/error.ts";
import { quoteIdentifier, quoteLiteral, quoteQualified } from "#sql/quote.ts";
import type { Catalogue } from "../catalogue/catalogue.ts";
import { compareCatalogues } from "../catalogue/changes.ts";
import { textOf } from "../engine/lookups.ts";
import type { ObjectId } from "../engine/object-id.ts";
import { Meter } from "../trace/meter.ts";
import { makeUpRows } from "../trace/made-up-rows.ts";
import type { PlanOptions, Shortcomings } from "./options.ts";
import { step, unproven, withGenerated, withoutPublicationsOfAll } from "./proof.ts";
import { renameFirst } from "./rename-first.ts";
import { type Section, written } from "./section.ts";
import { type Plan, readPlanned, type Step } from "./steps.ts";
import { measureStep, requireQuick } from "./measure-step.ts";

interface TableName {
  readonly schema: string;
  readonly name: string;
}

/** The major version from which on a view can be asked with the rights, and under the policies, of whoever asks it. */
const SECURITY_INVOKER = 15;

/**
 * The plan for a table that gets another name, in two steps that leave both releases of an application at work: a view of the
 * new name, and the name itself in the place of the view; undefined where nothing of the kind was asked for.
 * @throws ConfitureError `generate_refused` where a view would not do what the table does
 */
export async function planTableRename(
  database: Database,
  from: Catalogue,
  to: Catalogue,
  options: PlanOptions,
): Promise<Plan | undefined> {
  const [rename, second] = options.renames;
  if (rename === undefined) return undefined;
  const changes = compareCatalogues(from, to);
  const isNamed = (name: string, given: string): boolean => name === given || name.endsWith(`.${given}`);
  const gone = changes.find(
    ({ change, kind, name }) => change === "dropped" && kind === "table" && isNamed(name, rename.from),
  );
  const come = changes.find(
    ({ change, kind, name }) => change === "added" && kind === "table" && isNamed(name, rename.to),
  );
  if (gone === undefined || come === undefined) return undefined;
  const [old, fresh] = [gone, come].map(({ path: [schema = "", name = ""] }) => ({ schema, name })) as [
    TableName,
    TableName,
  ];
  const refuse = (why: string, wayOut: string): ConfitureError =>
    new ConfitureError("generate_refused", `${gone.name} cannot be renamed online: ${why}`, {
      hint: `Nothing was written. ${wayOut} Without --online it is renamed at once, which a release that knows the old name does not survive.`,
    });
  if (second !== undefined) throw refuse("there is another rename as well", "Generate each by itself.");
  requireViewable(from, old, fresh, options, refuse);

  const meter = await Meter.start(database);
  const read = async (): Promise<Catalogue> => await readPlanned(database, options);
  const isInvoker = (options.postgres ?? SECURITY_INVOKER) >= SECURITY_INVOKER;
  const makeView = viewOf(old, fresh, isInvoker);
  const dropView = `DROP VIEW ${quoteQualified(fresh.schema, fresh.name)}`;
  const measured = async (sqls: readonly string[]) => {
    const statements = [];
    for (const sql of sqls) statements.push(await measureStep(database, meter, sql));
    return statements;
  };
  const expand = await measured(makeView);
  const drop = await measured([dropView]);
  const named = await renameFirst(meter, read, from, to, { renames: options.renames });
  const rest = compareCatalogues(named.catalogue, to);
  if (rest.some(({ planned }) => planned)) {
    throw refuse(
      `there are other differences as well: ${rest.map(({ kind, name, change }) => `${kind} ${name} (${change})`).join(", ")}`,
      "Generate the rename by itself, and the rest before or after it; what names the table in a text (a function's body) has to be changed between the two migrations.",
    );
  }
  const back = await renameFirst(await Meter.start(database), read, named.catalogue, from, {
    renames: named.renames.map((one) => ({ from: one.to, to: one.from })),
  });
  const change =
    options.name !== undefined && /^[\p{L}\p{N}_.-]+$/u.test(options.name)
      ? options.name
      : `${old.name}_to_${fresh.name}`;
  const contract = [...drop, ...named.statements];
  for (const statement of expand) requireQuick("expand", statement);
  for (const statement of contract) requireQuick("contract", statement);
  const sections: readonly (readonly [part: string, up: Section, down: Section])[] = [
    [
      "expand",
      // No phase:expand, since what its DO does is in no statement that could be looked at.
      { statements: expand, transactional: true, marker: `change:${change}` },
      { statements: drop, transactional: true },
    ],
    [
      "contract",
      { statements: contract, transactional: true, marker: `phase:contract change:${change}` },
      { statements: [...back.statements, ...expand], transactional: true },
    ],
  ];
  return {
    steps: sections.map(([part, up, down]): Step => ({
      part,
      up: written(up),
      down: options.noDown ? undefined : written(down),
    })),
    changes: rest,
    renames: named.renames,
    possibleRenames: [],
    byHand: { up: [], down: [] },
    proveRows: async (own, texts) => await proveView(own, texts, old, fresh),
  };
}

type Refuse = (why: string, wayOut: string) => ConfitureError;

function requireViewable(
  { facts }: Catalogue,
  old: TableName,
  fresh: TableName,
  { postgres }: PlanOptions,
  refuse: Refuse,
): void {
  const table: ObjectId = { kind: "table", ...old };
  const hasPolicies = facts.get(table)?.payload["rowSecurity"] === true;
  if (hasPolicies && postgres !== undefined && postgres < SECURITY_INVOKER) {
    throw refuse(
      `it has row-level security, which a view passes by on PostgreSQL ${postgres} (security_invoker is known from ${SECURITY_INVOKER} on)`,
      "Rename it when no release with the old name runs, or upgrade first.",
    );
  }
  if (!facts.has({ kind: "schema", name: fresh.schema })) {
    throw refuse(`there is no schema ${fresh.schema} yet`, "Make it in a migration before.");
  }
  const published = facts
    .facts()
    .find(({ id }) => id.kind === "publicationRel" && id.schema === old.schema && id.table === old.name);
  if (published?.id.kind === "publicationRel") {
    throw refuse(
      `it is in the publication ${published.id.publication}, and subscribers look for the table by its name`,
      "Rename it on both sides while the subscription is disabled.",
    );
  }
  if (textOf(facts, table, "partitionBound") !== undefined) {
    throw refuse("it is a partition, and rows go through its parent", "Nobody needs a view of it.");
  }
}

/**
 * Whoever has rights on the table has the same on the view: also those that nobody has written into a file. Default
 * privileges may have given it others.
 */
function viewOf(old: TableName, fresh: TableName, isInvoker: boolean): string[] {
  const [table, view] = [old, fresh].map(({ schema, name }) => quoteQualified(schema, name)) as [string, string];
  const literal = (text: string): string => quoteLiteral(text).trim();
  return [
    `CREATE VIEW ${view}${isInvoker ? " WITH (security_invoker = true)" : ""} AS SELECT * FROM ${table}`,
    `DO $rights$
DECLARE
  one record;
BEGIN
  FOR one IN
    SELECT grantee FROM pg_catalog.pg_class, pg_catalog.aclexplode(relacl) WHERE oid = ${literal(view)}::regclass AND grantee <> relowner
  LOOP
    EXECUTE pg_catalog.format('REVOKE ALL ON %s FROM %s', ${literal(view)},
      CASE one.grantee WHEN 0 THEN 'PUBLIC' ELSE one.grantee::regrole::text END);
  END LOOP;
  FOR one IN
    SELECT a.privilege_type, a.grantee, a.is_grantable, NULL::name AS attname
      FROM pg_catalog.pg_class c, pg_catalog.aclexplode(c.relacl) a WHERE c.oid = ${literal(table)}::regclass AND a.grantee <> c.relowner
    UNION ALL
    SELECT a.privilege_type, a.grantee, a.is_grantable, t.attname
      FROM pg_catalog.pg_attribute t, pg_catalog.aclexplode(t.attacl) a WHERE t.attrelid = ${literal(table)}::regclass
  LOOP
    CONTINUE WHEN one.privilege_type NOT IN ('SELECT', 'INSERT', 'UPDATE', 'DELETE');
    EXECUTE pg_catalog.format('GRANT %s%s ON %s TO %s%s', one.privilege_type,
      coalesce(' (' || pg_catalog.quote_ident(one.attname) || ')', ''), ${literal(view)},
      CASE one.grantee WHEN 0 THEN 'PUBLIC' ELSE one.grantee::regrole::text END,
      CASE WHEN one.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END);
  END LOOP;
END
$rights$`,
  ];
}

/**
 * Does with every row through the view what a release can do, and looks at all of them after each of the migrations, up and back.
 * @throws ConfitureError `generate_refused` for a row that the view does not let through, or that is another one afterwards
 */
async function proveView(
  options: PlanOptions,
  texts: readonly string[],
  old: TableName,
  fresh: TableName,
): Promise<Shortcomings> {
  await withGenerated(options, texts, async (database, run, migrations) => {
    await withoutPublicationsOfAll(database);
    await makeUpRows(database, { without: new Set(["public.confiture_migrations"]), inTransaction: false });
    const [expand, contract] = migrations;
    if (expand === undefined || contract === undefined) throw new Error("two migrations are needed");
    const [table, view] = [old, fresh].map(({ schema, name }) => quoteQualified(schema, name)) as [string, string];
    const columns = await database.query<WrittenColumn>(columnsOf(table));
    // Rows of heirs would come back as rows of the table itself.
    const itself = `${quoteLiteral(table).trim()}::regclass`;
    await database.execute(
      `delete from ${table} where tableoid <> ${itself} and not exists (select from pg_catalog.pg_partitioned_table where partrelid = ${itself})`,
    );
    await database.execute(`create schema confiture_proof; create table ${KEPT} as select * from ${table}`);
    const requireKept = async (name: string, when: string): Promise<void> => {
      // As text: not every type can be compared.
      const differ = await database.query(
        `(select t::text from ${name} as t except all select k::text from ${KEPT} as k) union all (select k::text from ${KEPT} as k except all select t::text from ${name} as t) limit 1`,
      );
      if (differ.length > 0) throw unproven(`Tried with rows, the table does not hold the same ${when}`, []);
    };
    await step(run, expand, "up");
    await writeThrough(database, view, columns);
    await requireKept(table, "when they are written through the view");
    await step(run, contract, "up");
    await requireKept(view, "under its new name");
    if (options.noDown) return;
    await step(run, contract, "down");
    await writeThrough(database, view, columns);
    await requireKept(table, "after the way back");
    await step(run, expand, "down");
    await requireKept(table, "after the way back");
  });
  return {};
}

interface WrittenColumn {
  readonly name: string;
  readonly generated: boolean;
  readonly identity: boolean;
}

/** @param table quoted */
function columnsOf(table: string): string {
  return `select attname::text as name, attgenerated <> '' as generated, attidentity <> '' as identity from pg_catalog.pg_attribute
    where attrelid = ${quoteLiteral(table).trim()}::regclass and attnum > 0 and not attisdropped order by attnum`;
}

/** The rows as they were. */
const KEPT = "confiture_proof.kept";

/** Deletes every row, inserts it again, and writes each column once more. */
async function writeThrough(database: Database, view: string, columns: readonly WrittenColumn[]): Promise<void> {
  const writable = columns.filter(({ generated }) => !generated);
  const listed = writable.map(({ name }) => quoteIdentifier(name)).join(", ");
  const set = writable
    .filter(({ identity }) => !identity)
    .map(({ name }) => `${quoteIdentifier(name)} = ${quoteIdentifier(name)}`);
  const sql = `begin;
    set local session_replication_role = replica;
    delete from ${view};
    insert into ${view} (${listed}) overriding system value select ${listed} from ${KEPT};
    ${set.length === 0 ? "" : `update ${view} set ${set.join(", ")};`}
    commit`;
  try {
    await database.execute(sql);
  } catch (error) {
    await rollback(database);
    if (!(error instanceof ConfitureError) || error.server === undefined) throw error;
    throw error.with({
      code: "generate_refused",
      message: `Tried with rows, the view of the new name does not take what the table takes: ${error.message}`,
      hint: "Nothing was written. Write the steps by hand, as docs/guides/medium-4-schema-to-schema.md shows.",
    });
  }
}
