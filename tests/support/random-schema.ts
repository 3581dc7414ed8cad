import type { Random } from "../unit/sql/random.ts";

/** A schema as a model: what refers to a column or a table is dropped with it, so that it always builds. */
export interface Schema {
  readonly tables: readonly Table[];
  /** The labels of the enum `mood`, of which the first two always stay. */
  readonly labels: readonly string[];
  /** The upper bound in the check of the domain `score`. */
  readonly bound: number;
  /** What the function of checks and defaults adds to its argument. */
  readonly added: number;
  readonly defaultPrivileges: boolean;
}

interface Table {
  readonly name: string;
  readonly columns: readonly Column[];
  readonly identity: "ALWAYS" | "BY DEFAULT" | undefined;
  readonly partitions: number;
  /** The table that a foreign key refers to; two tables may refer to each other. */
  readonly refersTo: string | undefined;
  readonly cascades: boolean;
  readonly extras: readonly Extra[];
}

interface Column {
  readonly name: string;
  readonly type: keyof typeof DEFAULTS;
  readonly hasDefault: boolean;
  readonly notNull: boolean;
  readonly uses: readonly Use[];
}

/** What a table has besides its columns. */
const EXTRAS = ["view", "trigger", "policy", "comment"] as const;
type Extra = (typeof EXTRAS)[number];

/** What depends on a column. */
const USES = ["unique", "index", "check", "generated", "view", "comment"] as const;
type Use = (typeof USES)[number];

const DEFAULTS = {
  integer: "public.adjusted(1)",
  bigint: "7",
  "numeric(10,2)": "1.50",
  text: "'none'",
  "character varying(40)": "'short'",
  boolean: "false",
  date: "'2024-01-01'",
  "timestamp with time zone": "now()",
  uuid: "gen_random_uuid()",
  jsonb: "'{}'",
  "integer[]": "'{1,2}'",
  "public.mood": "'calm'",
  "public.score": "3",
} as const;
const TYPES = Object.keys(DEFAULTS) as (keyof typeof DEFAULTS)[];
const LABELS = ["calm", "merry", "tired", "angry", "bored"];
const TABLES = ["account", "invoice", "item", "note", "order"];

const chance = (random: Random, percent: number): boolean => random.below(100) < percent;

function some<T>(random: Random, items: readonly T[], percent: number): T[] {
  return items.filter(() => chance(random, percent));
}

export function randomSchema(random: Random): Schema {
  const names = TABLES.slice(0, 2 + random.below(4));
  return {
    tables: names.map((name) => randomTable(random, name, names)),
    labels: LABELS.slice(0, 2 + random.below(3)),
    bound: 10 + random.below(3),
    added: random.below(3),
    defaultPrivileges: chance(random, 30),
  };
}

function randomTable(random: Random, name: string, others: readonly string[]): Table {
  return {
    name,
    columns: Array.from({ length: 1 + random.below(5) }, (_, index) => randomColumn(random, `c${index}`)),
    identity: random.pick(["ALWAYS", "BY DEFAULT", undefined]),
    partitions: chance(random, 20) ? 1 + random.below(2) : 0,
    refersTo: chance(random, 50) ? random.pick(others) : undefined,
    cascades: chance(random, 50),
    extras: some(random, EXTRAS, 30),
  };
}

function randomColumn(random: Random, name: string): Column {
  return {
    name,
    type: random.pick(TYPES),
    hasDefault: chance(random, 40),
    notNull: chance(random, 40),
    uses: some(random, USES, 15),
  };
}

/** The schema after one to four edits, each of which adds, drops or changes something. */
export function editSchema(random: Random, schema: Schema): Schema {
  let edited = schema;
  do for (let count = 1 + random.below(4); count > 0; count--) edited = edit(random, edited);
  while (renderSchema(edited) === renderSchema(schema));
  return edited;
}

function edit(random: Random, schema: Schema): Schema {
  switch (random.below(10)) {
    case 0:
      return addOrDropTable(random, schema);
    case 1:
      return { ...schema, labels: LABELS.slice(0, 2 + random.below(4)) };
    case 2:
      return { ...schema, bound: 10 + random.below(3), added: random.below(3) };
    case 3:
      return { ...schema, defaultPrivileges: !schema.defaultPrivileges };
    default: {
      const chosen = random.pick(schema.tables);
      const changed = editTable(random, chosen, schema);
      return { ...schema, tables: schema.tables.map((table) => (table === chosen ? changed : table)) };
    }
  }
}

function addOrDropTable(random: Random, schema: Schema): Schema {
  const names = schema.tables.map(({ name }) => name);
  const free = TABLES.filter((name) => !names.includes(name));
  if (names.length === 2 || (free.length > 0 && chance(random, 50)))
    return { ...schema, tables: [...schema.tables, randomTable(random, random.pick(free), names)] };
  const dropped = random.pick(schema.tables);
  return { ...schema, tables: schema.tables.filter((table) => table !== dropped) };
}

function editTable(random: Random, table: Table, { tables }: Schema): Table {
  switch (random.below(6)) {
    case 0:
      return { ...table, refersTo: random.pick([undefined, ...tables.map(({ name }) => name)]) };
    case 1:
      return { ...table, extras: some(random, EXTRAS, 40) };
    case 2:
      return { ...table, identity: random.pick(["ALWAYS", "BY DEFAULT", undefined]) };
    case 3: {
      const number = Math.max(-1, ...table.columns.map(({ name }) => Number(name.slice(1)))) + 1;
      return { ...table, columns: [...table.columns, randomColumn(random, `c${number}`)] };
    }
    case 4:
      return { ...table, columns: some(random, table.columns, 70) };
    default: {
      if (table.columns.length === 0) return table;
      const chosen = random.pick(table.columns);
      const changed = { ...randomColumn(random, chosen.name), ...(chance(random, 60) ? { type: chosen.type } : {}) };
      return { ...table, columns: table.columns.map((column) => (column === chosen ? changed : column)) };
    }
  }
}

/** SQL that builds the schema in an empty database. */
export function renderSchema(schema: Schema): string {
  const names = new Set(schema.tables.map(({ name }) => name));
  const statements = [
    `CREATE TYPE public.mood AS ENUM (${schema.labels.map((label) => `'${label}'`).join(", ")})`,
    `CREATE DOMAIN public.score AS integer CHECK (VALUE <= ${schema.bound})`,
    `CREATE FUNCTION public.adjusted(value integer) RETURNS integer LANGUAGE sql IMMUTABLE RETURN value + ${schema.added}`,
    "CREATE FUNCTION public.touched() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$",
    ...(schema.defaultPrivileges ? ["ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO PUBLIC"] : []),
    ...schema.tables.flatMap(renderTable),
    // After all tables, as they may refer to each other.
    ...schema.tables.flatMap((table) => renderReference(table, names)),
  ];
  return statements.map((statement) => `${statement};\n`).join("");
}

function renderTable(table: Table): string[] {
  const { partitions, identity, columns, extras } = table;
  const name = `public.${table.name}`;
  const lines = [
    `id bigint NOT NULL${identity === undefined ? "" : ` GENERATED ${identity} AS IDENTITY`} PRIMARY KEY`,
    "other_id bigint",
    ...columns.flatMap((column) => renderColumn(column, partitions > 0)),
  ];
  // An identity of a partitioned table is known to PostgreSQL 17 and later only.
  if (partitions > 0) lines[0] = "id bigint NOT NULL PRIMARY KEY";
  const statements = [
    `CREATE TABLE ${name} (\n  ${lines.join(",\n  ")}\n)${partitions > 0 ? " PARTITION BY RANGE (id)" : ""}`,
  ];
  for (let each = 0; each < partitions; each++)
    statements.push(
      `CREATE TABLE ${name}_${each} PARTITION OF ${name} FOR VALUES FROM (${each * 1000}) TO (${(each + 1) * 1000})`,
    );
  for (const column of columns) {
    if (column.uses.includes("index"))
      statements.push(`CREATE INDEX ${table.name}_${column.name} ON ${name} (${column.name})`);
    if (column.uses.includes("comment"))
      statements.push(`COMMENT ON COLUMN ${name}.${column.name} IS 'A ${column.type}'`);
  }
  if (extras.includes("view")) {
    const seen = columns.filter(({ uses }) => uses.includes("view")).map((column) => column.name);
    statements.push(`CREATE VIEW ${name}_view AS SELECT ${["id", ...seen].join(", ")} FROM ${name}`);
  }
  if (extras.includes("trigger"))
    statements.push(`CREATE TRIGGER touched BEFORE UPDATE ON ${name} FOR EACH ROW EXECUTE FUNCTION public.touched()`);
  if (extras.includes("policy"))
    statements.push(
      `ALTER TABLE ${name} ENABLE ROW LEVEL SECURITY`,
      `CREATE POLICY visible ON ${name} FOR SELECT USING (id > 0)`,
    );
  if (extras.includes("comment")) statements.push(`COMMENT ON TABLE ${name} IS 'All of ${table.name}'`);
  return statements;
}

function renderColumn({ name, type, hasDefault, notNull, uses }: Column, partitioned: boolean): string[] {
  const lines = [`${name} ${type}${hasDefault ? ` DEFAULT ${DEFAULTS[type]}` : ""}${notNull ? " NOT NULL" : ""}`];
  // A unique key of a partitioned table has to hold the columns it is partitioned by.
  if (uses.includes("unique")) lines.push(`UNIQUE (${partitioned ? "id, " : ""}${name})`);
  if (uses.includes("check"))
    lines.push(`CHECK (${type === "integer" ? `public.adjusted(${name}) > 0` : `${name} IS NOT NULL`})`);
  if (uses.includes("generated")) lines.push(`${name}_missing boolean GENERATED ALWAYS AS (${name} IS NULL) STORED`);
  return lines;
}

function renderReference({ name, refersTo, cascades }: Table, names: ReadonlySet<string>): string[] {
  if (refersTo === undefined || !names.has(refersTo)) return [];
  return [
    `ALTER TABLE public.${name} ADD FOREIGN KEY (other_id) REFERENCES public.${refersTo} (id)${cascades ? " ON DELETE CASCADE" : ""}`,
  ];
}
