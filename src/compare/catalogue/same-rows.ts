import type { CatalogueRow, CatalogueRows } from "./written-rows.ts";

/**
 * Whether rows of the catalogue that went and rows that came define the same. What was dropped and made again has another
 * number: a number that is only on one side, which nothing that stayed can speak of, stands for what it names. That of an
 * object that is on both sides stays itself, or two that swap their names would be taken for unchanged. Pure.
 */
export function defineTheSame(before: CatalogueRows, after: CatalogueRows): boolean {
  const [gone, come] = [definitions(before), definitions(after)];
  const [goneNumbers, comeNumbers] = [numbersOf(gone), numbersOf(come)];
  const wasThere = without(goneNumbers, comeNumbers);
  const isNew = without(comeNumbers, goneNumbers);
  if (wasThere.size !== isNew.size) return false;
  const [goneColumns, comeColumns] = [columnsOf(gone), columnsOf(come)];
  const old = texts(gone, columnNames(goneColumns, comeColumns), wasThere);
  const fresh = texts(come, columnNames(comeColumns, goneColumns), isNew);
  return old !== undefined && fresh !== undefined && old.join("\n") === fresh.join("\n");
}

interface Definition {
  readonly table: string;
  readonly row: CatalogueRow;
}

/** pg_toast, where values are kept that are too long for a row: storage that outlives the column it was made for. */
const TOAST = "99";

/** Rows that say something about a definition. */
function definitions(rows: CatalogueRows): Definition[] {
  const all = [...rows].flatMap(([table, own]) => own.map((row) => ({ table, row })));
  const storage = new Set(
    all.flatMap(({ table, row }) =>
      table === "pg_class" && row["relnamespace"] === TOAST && row["reloptions"] === null ? [row["oid"]] : [],
    ),
  );
  return all.filter(({ table, row }) => {
    switch (table) {
      case "pg_class":
        return !storage.has(row["oid"]);
      case "pg_attribute":
        return Number(row["attnum"]) > 0 && row["attisdropped"] !== true && !storage.has(row["attrelid"]);
      case "pg_index":
        return !storage.has(row["indrelid"]);
      case "pg_depend":
        return row["classid"] !== PG_CLASS || !(storage.has(row["objid"]) || storage.has(row["refobjid"]));
      default:
        return true;
    }
  });
}

const PG_CLASS = "1259";

function numbersOf(rows: readonly Definition[]): Set<string> {
  return new Set(rows.flatMap(({ row }) => (typeof row["oid"] === "string" ? [row["oid"]] : [])));
}

function without(some: ReadonlySet<string>, others: ReadonlySet<string>): Set<string> {
  return new Set([...some].filter((each) => !others.has(each)));
}

/** Columns of relations by number, "16384.2", with their names. */
type Columns = ReadonlyMap<string, string>;

function columnKey(relation: unknown, number: unknown): string {
  return `${String(relation)}.${String(number)}`;
}

function columnsOf(rows: readonly Definition[]): Columns {
  return new Map(
    rows.flatMap(({ table, row }) =>
      table === "pg_attribute" ? [[columnKey(row["attrelid"], row["attnum"]), String(row["attname"])]] : [],
    ),
  );
}

/** Those whose number is only on this side: a column that was dropped and added again is another one of its table. */
function columnNames(own: Columns, other: Columns): Columns {
  return new Map([...own].filter(([column]) => !other.has(column)));
}

/** Where rows speak of columns by number: in one or several of a relation that the row names. */
const COLUMN_NUMBERS: Readonly<Record<string, readonly (readonly [relation: string, numbers: string])[]>> = {
  pg_attribute: [["attrelid", "attnum"]],
  pg_attrdef: [["adrelid", "adnum"]],
  pg_constraint: [
    ["conrelid", "conkey"],
    ["confrelid", "confkey"],
  ],
  pg_depend: [
    ["objid", "objsubid"],
    ["refobjid", "refobjsubid"],
  ],
  pg_description: [["objoid", "objsubid"]],
  pg_index: [["indrelid", "indkey"]],
  pg_partitioned_table: [["partrelid", "partattrs"]],
  pg_publication_rel: [["prrelid", "prattrs"]],
  pg_seclabel: [["objoid", "objsubid"]],
  pg_statistic_ext: [["stxrelid", "stxkeys"]],
  pg_trigger: [["tgrelid", "tgattr"]],
};

function withColumnNames({ table, row }: Definition, names: Columns): CatalogueRow {
  if (names.size === 0) return row;
  const named: Record<string, unknown> = { ...row };
  for (const [relation, column] of COLUMN_NUMBERS[table] ?? []) {
    named[column] = nameColumns(row[column], (number) => names.get(columnKey(row[relation], number)));
  }
  return named;
}

function nameColumns(numbers: unknown, nameOf: (number: unknown) => string | undefined): unknown {
  if (Array.isArray(numbers)) return numbers.map((number: unknown) => nameOf(number) ?? number);
  return nameOf(numbers) ?? numbers;
}

/**
 * The rows as texts, sorted. Numbers that count for nothing become what their object is known by, which may
 * speak of further objects without a number that counts.
 * @returns undefined where two of these objects cannot be told apart
 */
function texts(rows: readonly Definition[], names: Columns, numbers: ReadonlySet<string>): string[] | undefined {
  const lines = rows.map((definition) => ({
    own: numbers.has(String(definition.row["oid"])) ? String(definition.row["oid"]) : undefined,
    text: `${definition.table} ${JSON.stringify(withColumnNames(definition, names))}`,
  }));
  let labels = new Map([...numbers].map((number) => [number, ""]));
  for (let round = 0; round < DEPTH && numbers.size > 0; round++) {
    const next = new Map(labels);
    for (const { own, text } of lines) {
      if (own !== undefined) next.set(own, String(Bun.hash(labelled(text, labels, own))));
    }
    labels = next;
  }
  if (new Set(labels.values()).size < labels.size) return undefined;
  return lines.map(({ text }) => (numbers.size === 0 ? text : labelled(text, labels))).toSorted();
}

/** How far an object is from one with a name of its own: a trigger's dependency, a column's default. */
const DEPTH = 4;

function labelled(text: string, labels: ReadonlyMap<string, string>, self?: string): string {
  return text.replaceAll(/\d+/g, (number) => {
    const label = labels.get(number);
    return label === undefined ? number : number === self ? "<self>" : `<${label}>`;
  });
}
