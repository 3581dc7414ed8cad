/** Made-up databases as pg_dump writes them down, one revision after the other. */

interface Dump {
  readonly types: Map<string, string[]>;
  readonly functions: Map<string, string>;
  readonly tables: Map<string, DumpedTable>;
  readonly views: Map<string, string>;
}

interface DumpedTable {
  readonly columns: Map<string, string>;
  /** By name; each an ALTER TABLE ONLY ... ADD CONSTRAINT. */
  readonly constraints: Map<string, string>;
  readonly indexes: Map<string, string>;
  readonly foreignKeys: Map<string, string>;
  readonly triggers: Map<string, string>;
  readonly policies: Map<string, string>;
}

/**
 * Revisions of a structure file.
 * @param size tables of the first one; most have two foreign keys
 */
export function structureRevisions(count: number, size: number): string[] {
  const dump: Dump = { types: new Map(), functions: new Map(), tables: new Map(), views: new Map() };
  dump.types.set("status", ["draft", "live"]);
  dump.functions.set("touch", "NEW.updated_at := now();\n  RETURN NEW;");
  for (let index = 0; index < size; index++) addTable(dump, index);
  const revisions = [render(dump)];
  for (let revision = 1; revision < count; revision++) {
    // Three changes a revision, of different kinds.
    for (const step of [0, 1, 2]) EDITS[(revision * 3 + step) % EDITS.length]!(dump, revision * 3 + step);
    revisions.push(render(dump));
  }
  return revisions;
}

function addTable({ tables }: Dump, index: number): void {
  const name = nameOf(index);
  const table: DumpedTable = {
    columns: new Map([
      ["id", "bigint NOT NULL"],
      ["name", "character varying(100) NOT NULL"],
      ["status", "public.status DEFAULT 'draft'::public.status NOT NULL"],
      ["amount", "numeric(10,2) DEFAULT 0.0"],
      ["updated_at", "timestamp with time zone DEFAULT now() NOT NULL"],
    ]),
    constraints: new Map([
      [`${name}_pkey`, "PRIMARY KEY (id)"],
      [`${name}_name_key`, "UNIQUE (name)"],
    ]),
    indexes: new Map([[`${name}_updated_at`, "USING btree (updated_at DESC)"]]),
    foreignKeys: new Map(),
    triggers: new Map(),
    policies: new Map(),
  };
  for (const other of new Set([index - 1, Math.floor(index / 2)])) {
    if (other < 0 || other === index) continue;
    const column = `${nameOf(other)}_id`;
    table.columns.set(column, "bigint");
    table.foreignKeys.set(`${name}_${column}_fkey`, `FOREIGN KEY (${column}) REFERENCES public.${nameOf(other)}(id)`);
  }
  if (index % 5 === 0) table.triggers.set(`${name}_touch`, "BEFORE UPDATE");
  tables.set(name, table);
}

function nameOf(index: number): string {
  return `entity_${String(index).padStart(3, "0")}`;
}

type Edit = (dump: Dump, n: number) => void;

function tableAt({ tables }: Dump, n: number): [string, DumpedTable] {
  return [...tables][(n * 5) % tables.size]!;
}

const EDITS: readonly Edit[] = [
  function newTable(dump) {
    addTable(dump, dump.tables.size);
  },
  function newColumn(dump, n) {
    tableAt(dump, n)[1].columns.set(`extra_${n}`, "jsonb DEFAULT '{}'::jsonb NOT NULL");
  },
  function newIndex(dump, n) {
    const [name, table] = tableAt(dump, n);
    table.indexes.set(`${name}_status_${n}`, "USING btree (status, name) WHERE (amount > (0)::numeric)");
  },
  function otherType(dump, n) {
    tableAt(dump, n)[1].columns.set("name", "text NOT NULL");
  },
  function newCheck(dump, n) {
    const [name, table] = tableAt(dump, n);
    table.constraints.set(`${name}_amount_${n}`, "CHECK ((amount >= (0)::numeric))");
  },
  function otherFunction(dump, n) {
    dump.functions.set("touch", `NEW.updated_at := now() + interval '${n} seconds';\n  RETURN NEW;`);
  },
  function newView(dump, n) {
    const [name] = tableAt(dump, n);
    dump.views.set(
      `${name}_live_${n}`,
      ` SELECT id,\n    amount\n   FROM public.${name}\n  WHERE (status = 'live'::public.status)`,
    );
  },
  function newValue(dump, n) {
    dump.types.get("status")!.push(`step_${n}`);
  },
  function otherView(dump, n) {
    const [view] = [...dump.views.keys()];
    if (view === undefined) return;
    dump.views.set(view, dump.views.get(view)!.replace(/WHERE .*/, `WHERE (amount > (${n})::numeric)`));
  },
  function newPolicy(dump, n) {
    const [name, table] = tableAt(dump, n);
    table.policies.set(`${name}_own_${n}`, "USING (((name)::text = CURRENT_USER))");
  },
  function otherDefault(dump, n) {
    tableAt(dump, n)[1].columns.set("amount", `numeric(12,2) DEFAULT ${n}.0`);
  },
  function fewerColumns(dump, n) {
    const [, table] = [...dump.tables].find(([, { columns }]) => [...columns.keys()].some(isExtra)) ?? [];
    const extra = [...(table?.columns.keys() ?? [])].find(isExtra);
    if (extra === undefined) EDITS[1]!(dump, n);
    else table!.columns.delete(extra);
  },
  function otherIndex(dump, n) {
    const [name, table] = tableAt(dump, n);
    table.indexes.set(`${name}_updated_at`, "USING btree (updated_at, id)");
  },
];

function isExtra(column: string): boolean {
  return column.startsWith("extra_");
}

function render({ types, functions, tables, views }: Dump): string {
  const object = (name: string, type: string, sql: string): string =>
    `--\n-- Name: ${name}; Type: ${type}; Schema: public; Owner: -\n--\n\n${sql}\n`;
  const each = <T>(
    part: (table: DumpedTable) => Map<string, T>,
    write: (table: string, name: string, it: T) => string,
  ): string[] => [...tables].flatMap(([table, parts]) => [...part(parts)].map(([name, it]) => write(table, name, it)));
  return [
    `--\n-- PostgreSQL database dump\n--\n\n\\restrict k7dXq1S3Jm0\n`,
    "SET statement_timeout = 0;\nSET lock_timeout = 0;\nSET client_encoding = 'UTF8';\nSET standard_conforming_strings = on;",
    "SELECT pg_catalog.set_config('search_path', '', false);\nSET check_function_bodies = false;\nSET client_min_messages = warning;\nSET row_security = off;\n",
    ...[...types].map(([name, values]) =>
      object(
        name,
        "TYPE",
        `CREATE TYPE public.${name} AS ENUM (\n${values.map((value) => `    '${value}'`).join(",\n")}\n);\n`,
      ),
    ),
    ...[...functions].map(([name, body]) =>
      object(
        `${name}()`,
        "FUNCTION",
        `CREATE FUNCTION public.${name}() RETURNS trigger\n    LANGUAGE plpgsql\n    AS $$\nBEGIN\n  ${body}\nEND;\n$$;\n`,
      ),
    ),
    "SET default_tablespace = '';\n\nSET default_table_access_method = heap;\n",
    ...[...tables].flatMap(([name, { columns }]) => [
      object(
        name,
        "TABLE",
        `CREATE TABLE public.${name} (\n${[...columns].map(([column, type]) => `    ${column} ${type}`).join(",\n")}\n);\n`,
      ),
      object(
        `${name}_id_seq`,
        "SEQUENCE",
        `ALTER TABLE public.${name} ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (\n    SEQUENCE NAME public.${name}_id_seq\n    START WITH 1\n    INCREMENT BY 1\n    NO MINVALUE\n    NO MAXVALUE\n    CACHE 1\n);\n`,
      ),
    ]),
    ...[...views].map(([name, sql]) => object(name, "VIEW", `CREATE VIEW public.${name} AS\n${sql};\n`)),
    ...each(
      ({ constraints }) => constraints,
      (table, name, sql) =>
        object(
          `${table} ${name}`,
          "CONSTRAINT",
          `ALTER TABLE ONLY public.${table}\n    ADD CONSTRAINT ${name} ${sql};\n`,
        ),
    ),
    ...each(
      ({ indexes }) => indexes,
      (table, name, sql) => object(name, "INDEX", `CREATE INDEX ${name} ON public.${table} ${sql};\n`),
    ),
    ...each(
      ({ triggers }) => triggers,
      (table, name, when) =>
        object(
          `${table} ${name}`,
          "TRIGGER",
          `CREATE TRIGGER ${name} ${when} ON public.${table} FOR EACH ROW EXECUTE FUNCTION public.touch();\n`,
        ),
    ),
    ...each(
      ({ foreignKeys }) => foreignKeys,
      (table, name, sql) =>
        object(
          `${table} ${name}`,
          "FK CONSTRAINT",
          `ALTER TABLE ONLY public.${table}\n    ADD CONSTRAINT ${name} ${sql};\n`,
        ),
    ),
    ...each(
      ({ policies }) => policies,
      (table, name, sql) =>
        object(
          `${table} ${name}`,
          "POLICY",
          `ALTER TABLE public.${table} ENABLE ROW LEVEL SECURITY;\n\nCREATE POLICY ${name} ON public.${table} ${sql};\n`,
        ),
    ),
    "--\n-- PostgreSQL database dump complete\n--\n\n\\unrestrict k7dXq1S3Jm0\n",
  ].join("\n");
}
