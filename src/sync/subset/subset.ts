import { quoteIdentifier, quoteQualified } from "#sql/quote.ts";
import type { SourceColumn, SourceTable } from "../source/catalogue.ts";
import type { Edge, Graph, Wish } from "./graph.ts";
import { appliesTo, isPartial, onKeys, onParents, parentsIn } from "./keys.ts";

/** The rows of a table as parts of a query, in which it is called `source`. */
export interface Rows {
  /** What stands before the query: WITH's parts, in order. */
  readonly with: readonly string[];
  /** Whether one of them refers to itself. */
  readonly recursive: boolean;
  /** What comes after FROM. */
  readonly from: string;
  /** What comes after WHERE. */
  readonly where: string;
  /** For people. */
  readonly shown: string;
}

/**
 * The rows that are copied, as semi-joins: nothing is written to the source. Three kinds of sets are made where they are needed,
 * with the columns that references are about (c1, c2 by number) and the row's place (row_in, row_at), which a snapshot does not change.
 *
 * - `base_N`: rows that the table's condition takes, without those that refer down to a row that is left out;
 * - `rows_N`: those, and the rows that copied ones refer to, to the end;
 * - `circle_N`: the same for tables that refer to each other in a circle, all at once, by recursion.
 */
export class Subset {
  readonly #graph: Graph;
  readonly #wishes: ReadonlyMap<SourceTable, Wish>;
  readonly #numbers: ReadonlyMap<SourceTable, number>;

  constructor(graph: Graph, wishes: readonly Wish[]) {
    this.#graph = graph;
    this.#wishes = new Map(wishes.map((wish) => [wish.table, wish]));
    this.#numbers = new Map(wishes.map(({ table }, index) => [table, index]));
  }

  /**
   * The rows of a table, or of a partition of it; undefined for all of them.
   * @param leaf the table itself, or one of its partitions
   */
  of(table: SourceTable, leaf: SourceTable): Rows | undefined {
    if (!this.#graph.isCut(table)) return undefined;
    const sets = new Sets();
    const shown = this.#shown(table);
    const only = `ONLY ${quoteQualified(leaf.schema, leaf.name)}`;
    if (this.#graph.isAddedTo(table)) {
      const rows = this.#rows(table, sets);
      return {
        ...sets.all,
        from: `${only} source JOIN ${rows} kept ON kept.row_at = source.ctid AND kept.row_in = source.tableoid`,
        where: "(true)",
        shown,
      };
    }
    const { condition } = this.#wishes.get(table)!;
    const name = quoteIdentifier(table.name);
    const columns = leaf.columns.map((column) => `${name}.${quoteIdentifier(column.name)}`);
    const applies = this.#applies(table);
    const source =
      condition === undefined && applies.length === 0
        ? `${only} source`
        : `(SELECT ${[...columns, ...applies, `${name}.ctid`, `${name}.tableoid`].join(", ")} FROM ${only} AS ${name}${condition === undefined ? "" : ` WHERE ${condition}`}) source`;
    const joined = this.#downward(table, sets, "source", (column) => quoteIdentifier(column.name));
    return {
      ...sets.all,
      from: [source, ...joined.map(({ join }) => join)].join(" "),
      where: ["(true)", ...joined.map(({ where }) => where)].join(" AND "),
      shown,
    };
  }

  /**
   * A query for one row with `every`, how many rows of a table a condition takes, and `by0`, `by1` and so on, how many of them are not
   * copied: since the row that they refer to along one of `ways` is left out, and last, where the table has one, for its own condition.
   * @param before parts of WITH that conditions need
   */
  losses(table: SourceTable, condition: string, ways: readonly Edge[], before: readonly string[]): string {
    const { own } = this.#wishes.get(table)!;
    const isChosen = own !== undefined;
    const sets = new Sets();
    const rows = this.#rows(table, sets);
    const lost = ways.map(({ index, reference }) => {
      const { fromColumns, toColumns, to } = reference;
      const refers = fromColumns.map(({ number }) => `t.c${number}`);
      const same = onParents(
        reference,
        refers,
        toColumns.map(({ number }) => `p.c${number}`),
      );
      return [
        ...(isChosen ? ["t.taken"] : []),
        ...refers.map((column) => `${column} IS NOT NULL`),
        ...(isPartial(reference) ? [`t.applies_${index}`] : []),
        `NOT EXISTS (SELECT FROM ${parentsIn(reference, this.#base(to, sets))} p WHERE ${same})`,
      ].join(" AND ");
    });
    const counts = [...lost, ...(isChosen ? ["NOT t.taken"] : [])].map(
      (cause, at) => `count(*) FILTER (WHERE kept.row_at IS NULL AND ${cause})::float8 AS by${at}`,
    );
    const open = this.#open(table, condition, isChosen ? [`(${own}) IS TRUE AS taken`] : []);
    const { with: parts, recursive } = sets.all;
    return (
      `WITH ${recursive ? "RECURSIVE " : ""}${[...before, ...parts].join(", ")} SELECT ${["count(*)::float8 AS every", ...counts].join(", ")} ` +
      `FROM ${open} t LEFT JOIN ${rows} kept ON kept.row_at = t.row_at AND kept.row_in = t.row_in`
    );
  }

  /**
   * A query for one row with `rows`, how many copied rows of a table a condition takes.
   * @param before parts of WITH that conditions need
   */
  count(table: SourceTable, condition: string | undefined, before: readonly string[]): string {
    const sets = new Sets();
    const isCut = this.#graph.isCut(table);
    const kept = isCut
      ? ` JOIN ${this.#rows(table, sets)} kept ON kept.row_at = t.row_at AND kept.row_in = t.row_in`
      : "";
    const { with: parts, recursive } = sets.all;
    const sql = `SELECT count(*)::float8 AS rows FROM ${this.#open(table, condition)} t${kept}`;
    return isCut ? `WITH ${recursive ? "RECURSIVE " : ""}${[...before, ...parts].join(", ")} ${sql}` : sql;
  }

  #shown(table: SourceTable): string {
    const { shown } = this.#wishes.get(table)!;
    const down = this.#edges(table, "from").filter(
      ({ direction, reference }) => direction === "down" && this.#graph.isCut(reference.to),
    );
    const parts = [
      ...(shown === undefined ? [] : [shown]),
      ...down.map(
        ({ reference }) =>
          `the row of ${reference.to.name} that ${reference.fromColumns.map(({ name }) => name).join(", ")} refers to is copied`,
      ),
    ];
    const added = this.#graph.isAddedTo(table) ? "; and the rows that copied rows refer to" : "";
    return `${parts.join(" and ")}${added}`;
  }

  #edges(table: SourceTable, end: "from" | "to"): Edge[] {
    return this.#graph.edges.filter(({ reference }) => reference[end] === table);
  }

  /** Whether a reference of the rules holds for a row, as columns. */
  #applies(table: SourceTable): string[] {
    return this.#edges(table, "from").flatMap(({ index, reference }) => {
      const applies = appliesTo(reference, quoteIdentifier(table.name));
      return applies === undefined ? [] : [`${applies} AS applies_${index}`];
    });
  }

  /** A table with the columns that references are about. */
  #open(table: SourceTable, condition: string | undefined, more: readonly string[] = []): string {
    const name = quoteIdentifier(table.name);
    const used = new Set<SourceColumn>([
      ...this.#edges(table, "from").flatMap(({ reference }) => reference.fromColumns),
      ...this.#edges(table, "to").flatMap(({ reference }) => reference.toColumns),
    ]);
    const list = [
      `${name}.tableoid AS row_in`,
      `${name}.ctid AS row_at`,
      ...[...used].map((column) => `${name}.${quoteIdentifier(column.name)} AS c${column.number}`),
      ...this.#applies(table),
      ...more,
    ];
    const only = table.kind === "partitioned" ? "" : "ONLY ";
    const where = condition === undefined ? "" : ` WHERE ${condition}`;
    return `(SELECT ${list.join(", ")} FROM ${only}${quoteQualified(table.schema, table.name)} AS ${name}${where})`;
  }

  /** Joins that leave out what refers down to a row that is left out. */
  #downward(
    table: SourceTable,
    sets: Sets,
    alias: string,
    columnName: (column: SourceColumn) => string,
  ): { readonly join: string; readonly where: string }[] {
    return this.#edges(table, "from").flatMap(({ index, direction, reference }) => {
      if (direction !== "down" || !this.#graph.isCut(reference.to)) return [];
      const parents = `kept_${index}`;
      const set = parentsIn(reference, this.#base(reference.to, sets));
      const own = reference.fromColumns.map((column) => `${alias}.${columnName(column)}`);
      const theirs = reference.toColumns.map(({ number }) => `${parents}.c${number}`);
      const pairs = onParents(reference, own, theirs);
      const isOptional = isPartial(reference) || reference.fromColumns.some(({ notNull }) => !notNull);
      if (!isOptional) return [{ join: `JOIN ${set} ${parents} ON ${pairs}`, where: "(true)" }];
      const free = [
        ...own.map((column) => `${column} IS NULL`),
        ...(isPartial(reference) ? [`NOT ${alias}.applies_${index}`] : []),
        `${theirs[0]!} IS NOT NULL`,
      ];
      return [{ join: `LEFT JOIN ${set} ${parents} ON ${pairs}`, where: `(${free.join(" OR ")})` }];
    });
  }

  #base(table: SourceTable, sets: Sets): string {
    return sets.named(`base_${this.#numbers.get(table)}`, () => {
      const open = this.#open(table, this.#wishes.get(table)!.condition);
      const joined = this.#downward(table, sets, "t", (column) => `c${column.number}`);
      const where = joined.map((part) => part.where).join(" AND ");
      return `SELECT t.* FROM ${[`${open} t`, ...joined.map(({ join }) => join)].join(" ")}${where === "" ? "" : ` WHERE ${where}`}`;
    });
  }

  /** All copied rows of a table, each once. */
  #rows(table: SourceTable, sets: Sets): string {
    if (!this.#graph.isAddedTo(table)) return this.#base(table, sets);
    const circle = this.#graph.circleOf(table);
    if (circle === undefined) {
      return sets.named(
        `rows_${this.#numbers.get(table)}`,
        () => {
          const added = this.#addedFrom(table, sets, []);
          return [`SELECT row_in, row_at FROM ${this.#base(table, sets)}`, ...added].join(" UNION ");
        },
        (places) =>
          `SELECT t.* FROM ${this.#open(table, undefined)} t JOIN (${places}) p ON p.row_at = t.row_at AND p.row_in = t.row_in`,
      );
    }
    const all = this.#circle(circle, sets);
    return sets.named(
      `rows_${this.#numbers.get(table)}`,
      () =>
        `SELECT t.* FROM ${this.#open(table, undefined)} t JOIN ${all} p ON p.node = ${this.#numbers.get(table)} AND p.row_at = t.row_at AND p.row_in = t.row_in`,
    );
  }

  /** Rows of a table that copied rows of others refer to. */
  #addedFrom(table: SourceTable, sets: Sets, without: readonly SourceTable[], node = ""): string[] {
    return this.#edges(table, "to").flatMap(({ direction, index, reference }) => {
      const { from } = reference;
      if (without.includes(from)) return [];
      const adds = direction === "up" || (direction === "down" && this.#graph.isAddedTo(from));
      if (!adds) return [];
      const rows = this.#rows(from, sets);
      return [
        `SELECT ${node}t.row_in, t.row_at FROM ${this.#open(table, undefined)} t JOIN ${rows} r ON ${onKeys(reference, index, "r", "t")}`,
      ];
    });
  }

  #circle(circle: readonly SourceTable[], sets: Sets): string {
    const numberOf = (table: SourceTable): number => this.#numbers.get(table)!;
    const name = `circle_${Math.min(...circle.map(numberOf))}`;
    return sets.named(name, () => {
      const seeds = circle.flatMap((table) => [
        `SELECT ${numberOf(table)} AS node, row_in, row_at FROM ${this.#base(table, sets)}`,
        ...(this.#graph.isCut(table) ? this.#addedFrom(table, sets, circle, `${numberOf(table)}, `) : []),
      ]);
      const steps = circle.flatMap((table) =>
        this.#edges(table, "from").flatMap(({ direction, index, reference }) => {
          if (direction === "none" || !circle.includes(reference.to) || !this.#graph.isCut(reference.to)) return [];
          const on = onKeys(reference, index, "r", "t");
          return [
            `SELECT ${numberOf(reference.to)} AS node, t.row_in, t.row_at FROM ${this.#open(table, undefined)} r JOIN ${this.#open(reference.to, undefined)} t ON ${on} WHERE c.node = ${numberOf(table)} AND r.row_at = c.row_at AND r.row_in = c.row_in`,
          ];
        }),
      );
      sets.recursive = true;
      return `(${seeds.join(" UNION ")}) UNION SELECT step.* FROM ${name} c CROSS JOIN LATERAL (${steps.join(" UNION ALL ")}) step`;
    });
  }
}

/** Parts of a WITH: each is written once, behind those that it needs. */
class Sets {
  readonly #texts = new Map<string, string>();
  recursive = false;

  /** @param around made of the text, for one that is needed in another shape */
  named(name: string, text: () => string, around: (text: string) => string = (it) => it): string {
    if (!this.#texts.has(name)) {
      const made = around(text());
      this.#texts.set(name, `${name} AS (${made})`);
    }
    return name;
  }

  get all(): Pick<Rows, "with" | "recursive"> {
    return { with: [...this.#texts.values()], recursive: this.recursive };
  }
}
