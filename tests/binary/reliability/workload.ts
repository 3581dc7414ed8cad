import type { Row } from "../../support/servers.ts";

/** One thing a migration does, and how to see afterwards how often it was done. */
interface Step {
  readonly sql: string;
  /** `row`: a row in the table `audit`; `table`; `index`: made without a transaction; `none`: leaves nothing to see. */
  readonly mark: { readonly kind: "row" | "table" | "index"; readonly name: string } | { readonly kind: "none" };
  readonly undo?: string;
}

/** A migration whose traces can be told apart from every other's. */
export interface MarkedMigration {
  readonly version: string;
  readonly transactional: boolean;
  /** What one count of the ledger stands for: usually one step. */
  readonly units: readonly (readonly Step[])[];
}

export interface Workload {
  readonly migrations: readonly MarkedMigration[];
  /** By name inside db/migrations. */
  readonly files: Readonly<Record<string, string>>;
}

/**
 * Migrations of every kind that the runner knows, each with a table of its own and rows in `audit`, which has
 * no key: whatever is done twice or not at all shows.
 */
export function workload(count: number): Workload {
  const migrations: MarkedMigration[] = [];
  const files: Record<string, string> = {};
  for (let n = 1; n <= count; n++) {
    const version = String(n).padStart(3, "0");
    const { migration, extension, text } = make(version, n === 1 ? "sql" : KINDS[n % KINDS.length]!, n);
    migrations.push(migration);
    files[`${version}_step.${extension}`] = text;
  }
  return { migrations, files };
}

const KINDS = [
  "sql",
  "ts",
  "outside-sql",
  "sql",
  "index",
  "slow",
  "outside-ts",
  "own-transaction",
  "blocks",
  "ts",
] as const;
type Kind = (typeof KINDS)[number];

interface Made {
  readonly migration: MarkedMigration;
  readonly extension: string;
  readonly text: string;
}

const row = (version: string, name: string): Step => ({
  sql: `INSERT INTO audit VALUES ('${version} ${name}')`,
  mark: { kind: "row", name: `${version} ${name}` },
  undo: `DELETE FROM audit WHERE mark = '${version} ${name}'`,
});
const table = (version: string): Step => ({
  sql: `CREATE TABLE t_${version} AS SELECT generate_series(1, 200) AS id`,
  mark: { kind: "table", name: `t_${version}` },
  undo: `DROP TABLE t_${version}`,
});
const concurrently = (name: string, of: string): Step => ({
  sql: `CREATE INDEX CONCURRENTLY ${name} ON ${of} (id)`,
  mark: { kind: "index", name },
  undo: `DROP INDEX CONCURRENTLY ${name}`,
});
const quiet = (sql: string): Step => ({ sql, mark: { kind: "none" }, undo: sql });

function make(version: string, kind: Kind, n: number): Made {
  const before: Step[] = n === 1 ? [quiet("CREATE TABLE audit (mark text)")] : [];
  const own = `t_${version}`;
  switch (kind) {
    case "sql":
      return sqlFile(version, "", [[...before, table(version), row(version, "a")]], n === 1 ? "DROP TABLE audit" : "");
    case "slow":
      return sqlFile(version, "", [[row(version, "a"), quiet("SELECT pg_sleep(0.06)"), table(version)]]);
    case "ts":
      return typeScript(version, [[table(version), row(version, "a"), row(version, "b")]], true);
    case "outside-sql":
      return sqlFile(version, " transaction:false", [
        [table(version)],
        [row(version, "a")],
        [concurrently(`i_${version}_one`, own)],
        [row(version, "b")],
        [quiet(`VACUUM ${own}`)],
        [concurrently(`i_${version}_two`, own)],
        [row(version, "c")],
      ]);
    case "outside-ts":
      return typeScript(
        version,
        [[row(version, "a")], [table(version)], [concurrently(`i_${version}`, own)], [row(version, "b")]],
        false,
      );
    case "index":
      return sqlFile(version, undefined, [[concurrently(`i_${version}`, "t_001")]]);
    case "blocks":
      // Nothing is declared, and a block needs what the first statement set: also in the session that goes on.
      return sqlFile(version, undefined, [
        [quiet(`SET kill.mark = '${version} c'`)],
        [table(version)],
        [quiet("BEGIN"), row(version, "a"), row(version, "b"), quiet("COMMIT")],
        [
          quiet("BEGIN"),
          { ...row(version, "c"), sql: "INSERT INTO audit VALUES (current_setting('kill.mark'))" },
          row(version, "d"),
          quiet("COMMIT"),
        ],
        [row(version, "e")],
      ]);
    case "own-transaction":
      return sqlFile(version, " transaction:false", [
        [table(version)],
        [quiet("BEGIN"), row(version, "a"), row(version, "b"), quiet("COMMIT")],
        [concurrently(`i_${version}`, own)],
      ]);
  }
}

/** @param option behind both markers; undefined for a file without a word about transactions */
function sqlFile(version: string, option: string | undefined, units: readonly (readonly Step[])[], last = ""): Made {
  const up = units.flat().map(({ sql }) => `${sql};\n`);
  const backwards = units.toReversed().flatMap((unit) => (unit.length > 3 ? unit : unit.toReversed()));
  const down = backwards.flatMap(({ undo, sql }) =>
    sql.startsWith("CREATE TABLE audit") ? [] : [`${undo ?? sql};\n`],
  );
  return {
    migration: { version, transactional: option === "", units },
    extension: "sql",
    text: `-- migrate:up${option ?? ""}\n${up.join("")}-- migrate:down${option ?? ""}\n${down.join("")}${last === "" ? "" : `${last};\n`}`,
  };
}

function typeScript(version: string, units: readonly (readonly Step[])[], transactional: boolean): Made {
  const calls = (lines: readonly (string | undefined)[]): string =>
    lines.map((sql) => `    this.execute(\`${sql}\`);\n`).join("");
  const steps = units.flat();
  return {
    migration: { version, transactional, units },
    extension: "ts",
    text: `import { Migration } from "confiture";

export default class Step extends Migration {
${transactional ? "" : "  transaction = false;\n"}  up() {
${calls(steps.map(({ sql }) => sql))}  }
  down() {
${calls(steps.toReversed().map(({ undo }) => undo))}  }
}
`,
  };
}

type Query = (sql: string) => Promise<Row[]>;

/** What is in the database of all that a workload does. */
interface Traces {
  readonly rows: ReadonlyMap<string, number>;
  readonly tables: ReadonlySet<string>;
  readonly indexes: ReadonlyMap<string, boolean>;
  readonly ledger: ReadonlyMap<string, { readonly state: string; readonly done: number | null }>;
}

async function readTraces(query: Query): Promise<Traces> {
  const tables = new Set(
    (await query("SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace")).map(
      ({ relname }) => relname as string,
    ),
  );
  const rows = tables.has("audit") ? await query("SELECT mark, count(*)::int AS n FROM audit GROUP BY mark") : [];
  const indexes = await query(
    "SELECT c.relname, i.indisvalid FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE c.relnamespace = 'public'::regnamespace",
  );
  const ledger = tables.has("confiture_migrations")
    ? await query("SELECT version, state, statements_done FROM confiture_migrations")
    : [];
  return {
    tables,
    rows: new Map(rows.map(({ mark, n }) => [mark as string, n as number])),
    indexes: new Map(indexes.map(({ relname, indisvalid }) => [relname as string, indisvalid as boolean])),
    ledger: new Map(
      ledger.map(({ version, state, statements_done: done }) => [
        version as string,
        { state: state as string, done: done as number | null },
      ]),
    ),
  };
}

/** How often a step was done; an index that is there and invalid was done by half. */
function timesDone({ mark }: Step, traces: Traces): number | undefined {
  switch (mark.kind) {
    case "none":
      return undefined;
    case "row":
      return traces.rows.get(mark.name) ?? 0;
    case "table":
      return traces.tables.has(mark.name) ? 1 : 0;
    case "index": {
      const valid = traces.indexes.get(mark.name);
      return valid === undefined ? 0 : valid ? 1 : 0.5;
    }
  }
}

/**
 * Where ledger and catalogue contradict each other; empty when they agree. The one thing in doubt may be the
 * step under way of a migration that stopped, and that only when it cannot share a transaction with its count.
 */
export async function contradictions({ migrations }: Workload, query: Query): Promise<string[]> {
  const traces = await readTraces(query);
  const found: string[] = [];
  for (const { version, transactional, units } of migrations) {
    const entry = traces.ledger.get(version);
    if (entry !== undefined && entry.state !== "applied" && transactional) found.push(`${version} is ${entry.state}`);
    // On the way back the last unit is undone first, so those that are left come first there too.
    const back = entry?.state === "reverting";
    const done = entry?.state === "applied" ? units.length : (entry?.done ?? 0);
    const counted = back ? units.length - done : done;
    for (const [index, unit] of units.entries()) {
      const expected = index < counted ? 1 : 0;
      const underWay = entry !== undefined && entry.state !== "applied" && index === (back ? counted - 1 : counted);
      for (const step of unit) {
        const times = timesDone(step, traces);
        if (times === undefined || times === expected) continue;
        if (underWay && step.mark.kind === "index" && times <= 1) continue;
        found.push(`${version} (${JSON.stringify(entry)}): ${step.sql} was done ${times} times, not ${expected}`);
      }
    }
  }
  const known = new Set(migrations.map(({ version }) => version));
  for (const version of traces.ledger.keys()) if (!known.has(version)) found.push(`${version} is not of this workload`);
  return found;
}

/** Everything that two databases have to share after the same migrations, as comparable lines. */
export async function catalogueLines(query: Query): Promise<string[]> {
  const rows = await query(`
    SELECT format('column %s.%s %s', c.relname, a.attname, format_type(a.atttypid, a.atttypmod)) AS line
      FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
     WHERE c.relkind IN ('r', 'v') AND c.relnamespace = 'public'::regnamespace
    UNION ALL SELECT format('index %s %s', indexdef, i.indisvalid) FROM pg_indexes
      JOIN pg_index i ON i.indexrelid = format('%I.%I', schemaname, indexname)::regclass WHERE schemaname = 'public'
    UNION ALL SELECT format('constraint %s %s', conrelid::regclass, pg_get_constraintdef(oid)) FROM pg_constraint
     WHERE connamespace = 'public'::regnamespace
    UNION ALL SELECT format('function %s', p.oid::regprocedure) FROM pg_proc p
     WHERE pronamespace = 'public'::regnamespace
    ORDER BY 1`);
  return rows.map(({ line }) => line as string);
}

/** The ledger without what differs from run to run. */
export async function ledgerLines(query: Query): Promise<string[]> {
  const rows = await query(`
    SELECT concat_ws(' ', version, name, checksum, state, applied_by, tool_version, statements_done, statements_total) AS line
      FROM confiture_migrations ORDER BY version`);
  return rows.map(({ line }) => line as string);
}

/** The audit table, sorted. */
export async function auditLines(query: Query): Promise<string[]> {
  const rows = await query("SELECT mark FROM audit ORDER BY mark");
  return rows.map(({ mark }) => mark as string);
}
