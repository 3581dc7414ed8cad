/** Projects of any size, made up but shaped like real ones: for tests and benchmarks of what takes long. */

export type ProjectContent = Record<string, string>;

interface Table {
  readonly name: string;
  readonly columns: Map<string, string>;
  /** What stands below the columns: constraints. */
  readonly constraints: Map<string, string>;
  /** Statements after the table, by the object they make. */
  readonly after: Map<string, string>;
  /** Behind the closing bracket. */
  suffix: string;
}

/** The state of the made-up schema, and the migrations that led to it. */
class History {
  readonly #tables: Table[] = [];
  readonly #types = new Map<string, string[]>();
  readonly #functions = new Map<string, string>();
  readonly #objects = new Map<string, string>();
  readonly #migrations: ProjectContent = {};
  #version = 0;

  get length(): number {
    return this.#version;
  }

  /** The first table that has something, by what its part is called. */
  find(part: "columns" | "after", prefix: RegExp): { table: Table; name: string } | undefined {
    for (const table of this.#tables) {
      const name = [...table[part].keys()].find((key) => prefix.test(key));
      if (name !== undefined) return { table, name };
    }
    return undefined;
  }

  /** Writes a migration. */
  migrate(name: string, up: string, down: string | undefined, option = ""): void {
    this.#version++;
    const version = String(this.#version).padStart(4, "0");
    const back = down === undefined ? "" : `\n-- migrate:down${option}\n${down}\n`;
    this.#migrations[`db/migrations/${version}_${name}.sql`] = `-- migrate:up${option}\n${up}\n${back}`;
  }

  /** The nth next step of a project's life; they come round again. */
  step(n: number): void {
    const table = this.#tables[(n * 7) % Math.max(1, this.#tables.length)];
    if (table === undefined || n % 3 === 0) this.#createTable();
    else KINDS[Math.floor(n / 3) % KINDS.length]!(this, table, n);
  }

  #createTable(): void {
    const index = this.#tables.length;
    const name = `table_${String(index).padStart(3, "0")}`;
    const table: Table = {
      name,
      columns: new Map([
        ["id", "bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY"],
        ["name", "text NOT NULL"],
        ["email", "varchar(200)"],
        ["amount", "numeric(12, 2) DEFAULT 0"],
        ["created_at", "timestamptz NOT NULL DEFAULT now()"],
      ]),
      constraints: new Map([[`${name}_amount`, "CHECK (amount >= 0)"]]),
      after: new Map([["comment", `COMMENT ON TABLE ${name} IS 'Table number ${index}';`]]),
      suffix: "",
    };
    for (const other of [this.#tables[index - 1], this.#tables[Math.floor(index / 2)]]) {
      if (other === undefined) continue;
      const column = `${other.name}_id`;
      table.columns.set(column, "bigint");
      table.constraints.set(`${name}_${other.name}`, `FOREIGN KEY (${column}) REFERENCES ${other.name} (id)`);
    }
    this.#tables.push(table);
    this.migrate(`create_${name}`, renderTable(table), `DROP TABLE ${name};`);
  }

  setType(name: string, values: string[]): void {
    this.#types.set(name, values);
  }

  setFunction(name: string, sql: string): void {
    this.#functions.set(name, sql);
  }

  setObject(name: string, sql: string): void {
    this.#objects.set(name, sql);
  }

  content(): ProjectContent {
    const types = [...this.#types].map(
      ([name, values]) => `CREATE TYPE ${name} AS ENUM (${values.map((value) => `'${value}'`).join(", ")});\n`,
    );
    return {
      "db/environments/local.yaml": "database:\n  engine: embedded\n",
      "db/schema/00_types.sql": `-- Types\n${types.join("")}`,
      ...Object.fromEntries(
        [...this.#functions].map(([name, sql]) => [`db/schema/05_functions/${name}.sql`, `${sql}\n`]),
      ),
      ...Object.fromEntries(
        this.#tables.map((table) => [
          `db/schema/10_tables/${table.name}.sql`,
          `${renderTable(table)}\n${[...table.after.values()].slice(1).join("\n")}\n`,
        ]),
      ),
      ...Object.fromEntries([...this.#objects].map(([name, sql]) => [`db/schema/20_objects/${name}.sql`, `${sql}\n`])),
      ...this.#migrations,
    };
  }
}

function renderTable({ name, columns, constraints, after, suffix }: Table): string {
  const lines = [
    ...[...columns].map(([column, type]) => `    ${column} ${type}`),
    ...[...constraints].map(([constraint, text]) => `    CONSTRAINT ${constraint} ${text}`),
  ];
  return `CREATE TABLE ${name} (\n${lines.join(",\n")}\n)${suffix};\n${[...after.values()][0] ?? ""}`;
}

type Kind = (history: History, table: Table, n: number) => void;

const KINDS: readonly Kind[] = [
  function addColumn(history, { name, columns }, n) {
    columns.set(`note_${n}`, "text NOT NULL DEFAULT ''");
    history.migrate(
      `note_${n}`,
      `ALTER TABLE ${name} ADD COLUMN note_${n} text NOT NULL DEFAULT '';`,
      `ALTER TABLE ${name} DROP COLUMN note_${n};`,
    );
  },
  function indexConcurrently(history, { name, after }, n) {
    const index = `${name}_by_${n}`;
    after.set(index, `CREATE INDEX ${index} ON ${name} (name, created_at);`);
    history.migrate(
      index,
      `CREATE INDEX CONCURRENTLY ${index} ON ${name} (name, created_at);`,
      `DROP INDEX CONCURRENTLY ${index};`,
      " transaction:false",
    );
  },
  function enumColumn(history, { name, columns }, n) {
    const type = `status_${n}`;
    history.setType(type, ["new", "done", "closed"]);
    columns.set(type, `${type} NOT NULL DEFAULT 'new'`);
    history.migrate(
      type,
      `CREATE TYPE ${type} AS ENUM ('new', 'done');\nALTER TABLE ${name} ADD COLUMN ${type} ${type} NOT NULL DEFAULT 'new';`,
      `ALTER TABLE ${name} DROP COLUMN ${type};\nDROP TYPE ${type};`,
    );
    history.migrate(`${type}_closed`, `ALTER TYPE ${type} ADD VALUE 'closed';`, undefined);
  },
  function partitions(history, _table, n) {
    const name = `events_${n}`;
    const parts = [2024, 2025, 2026].map(
      (year) =>
        `CREATE TABLE ${name}_${year} PARTITION OF ${name} FOR VALUES FROM ('${year}-01-01') TO ('${year + 1}-01-01');`,
    );
    const table: Table = {
      name,
      columns: new Map([
        ["id", "bigint NOT NULL"],
        ["happened", "date NOT NULL"],
        ["name", "text"],
        ["email", "varchar(200)"],
        ["amount", "numeric(12, 2)"],
        ["created_at", "timestamptz NOT NULL DEFAULT now()"],
      ]),
      constraints: new Map([[`${name}_key`, "PRIMARY KEY (id, happened)"]]),
      after: new Map([
        ["comment", `COMMENT ON TABLE ${name} IS 'Events';`],
        ["partitions", parts.join("\n")],
      ]),
      suffix: " PARTITION BY RANGE (happened)",
    };
    history.migrate(name, `${renderTable(table)}\n${parts.join("\n")}`, `DROP TABLE ${name};`);
    // No later step picks it: what they do is not all possible with partitions.
    history.setObject(`all_${name}`, `${renderTable(table)}\n${parts.join("\n")}`);
  },
  function rowSecurity(history, { name, after }, n) {
    const policy = `${name}_own_${n}`;
    const sql = `ALTER TABLE ${name} ENABLE ROW LEVEL SECURITY;\nCREATE POLICY ${policy} ON ${name} USING (name = current_user);\nGRANT SELECT ON ${name} TO app_reader;`;
    if (after.has("security")) return history.step(n + 1);
    after.set("security", sql);
    history.migrate(
      policy,
      sql,
      `REVOKE SELECT ON ${name} FROM app_reader;\nDROP POLICY ${policy} ON ${name};\nALTER TABLE ${name} DISABLE ROW LEVEL SECURITY;`,
    );
  },
  function trigger(history, { name, after }, n) {
    const touch = `touch_${n}`;
    const body = `CREATE FUNCTION ${touch}() RETURNS trigger LANGUAGE plpgsql AS $$\nBEGIN\n  NEW.created_at := now();\n  RETURN NEW;\nEND;\n$$;`;
    const sql = `CREATE TRIGGER ${touch} BEFORE UPDATE ON ${name} FOR EACH ROW EXECUTE FUNCTION ${touch}();`;
    history.setFunction(touch, body);
    after.set(touch, sql);
    history.migrate(touch, `${body}\n${sql}`, `DROP TRIGGER ${touch} ON ${name};\nDROP FUNCTION ${touch}();`);
  },
  function view(history, { name }, n) {
    const first = `CREATE VIEW view_${n} AS\nSELECT id, name FROM ${name} WHERE amount > 0;`;
    const second = `CREATE OR REPLACE VIEW view_${n} AS\nSELECT id, name FROM ${name} WHERE amount > 100;`;
    history.migrate(`view_${n}`, first, `DROP VIEW view_${n};`);
    history.migrate(`view_${n}_more`, second, first.replace("CREATE", "CREATE OR REPLACE"));
    history.setObject(`view_${n}`, second);
  },
  function widen(history, table, n) {
    if (!table.columns.get("email")!.includes("(200)")) return history.step(n + 1);
    table.columns.set("email", "text");
    history.migrate(
      `widen_${table.name}`,
      `ALTER TABLE ${table.name} ALTER COLUMN email TYPE text;`,
      `ALTER TABLE ${table.name} ALTER COLUMN email TYPE varchar(200);`,
    );
  },
  function check(history, { name, constraints }, n) {
    const rule = `${name}_rule_${n}`;
    constraints.set(rule, "CHECK (length(name) < 1000)");
    history.migrate(
      rule,
      `ALTER TABLE ${name} ADD CONSTRAINT ${rule} CHECK (length(name) < 1000) NOT VALID;\nALTER TABLE ${name} VALIDATE CONSTRAINT ${rule};`,
      `ALTER TABLE ${name} DROP CONSTRAINT ${rule};`,
    );
  },
  function dropColumn(history) {
    const { table, name } = history.find("columns", /^note_/)!;
    table.columns.delete(name);
    history.migrate(
      `drop_${name}`,
      `ALTER TABLE ${table.name} DROP COLUMN ${name};`,
      `ALTER TABLE ${table.name} ADD COLUMN ${name} text NOT NULL DEFAULT '';`,
    );
  },
  function materializedView(history, { name }, n) {
    const sql = `CREATE MATERIALIZED VIEW totals_${n} AS\nSELECT name, sum(amount) AS total FROM ${name} GROUP BY name;\nCREATE UNIQUE INDEX totals_${n}_name ON totals_${n} (name);`;
    history.setObject(`totals_${n}`, sql);
    history.migrate(`totals_${n}`, sql, `DROP MATERIALIZED VIEW totals_${n};`);
  },
  function replaceIndex(history, _table, n) {
    const { table, name } = history.find("after", /_by_/)!;
    const before = table.after.get(name)!;
    const sql = `CREATE INDEX ${name} ON ${table.name} (name) INCLUDE (amount); -- ${n}`;
    table.after.set(name, sql);
    history.migrate(`replace_${name}_${n}`, `DROP INDEX ${name};\n${sql}`, `DROP INDEX ${name};\n${before}`);
  },
];

/** A project with about that many migrations of every kind, whose schema files agree with them. */
export function largeProject(migrations: number): ProjectContent {
  const history = new History();
  for (let n = 0; history.length < migrations; n++) history.step(n);
  return history.content();
}
