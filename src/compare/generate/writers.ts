import type { Database } from "#database/database.ts";
import { ConfitureError } from "#errors/error.ts";
import { quoteIdentifier } from "#sql/quote.ts";
import { exampleOf, NEWS, OLDS, PARKED, ROW, type Samples, TRUTH } from "./row-samples.ts";
import type { SyncedColumns } from "./synced-columns.ts";

/** How far a change has come, for those who write meanwhile. */
export type Stage = "expanded" | "filled" | "contracted";

/**
 * Plays the releases of an application that write to a table while it is changed: inserts, updates and deletes, in an order
 * that is always the same. A second table, which no trigger keeps in step, says what has to come of it.
 */
export class Writers {
  readonly #database: Database;
  readonly #change: SyncedColumns;
  readonly #samples: Samples;
  readonly #old: readonly string[];
  readonly #fresh: readonly string[];
  #seed = 4711;

  constructor(database: Database, change: SyncedColumns, samples: Samples) {
    this.#database = database;
    this.#change = change;
    this.#samples = samples;
    [this.#old, this.#fresh] = [change.old, change.fresh].map((columns) =>
      columns.map(({ name }) => quoteIdentifier(name)),
    ) as [string[], string[]];
  }

  #random(below: number): number {
    this.#seed = (this.#seed * 1_103_515_245 + 12_345) % 2 ** 31;
    return Math.floor((this.#seed / 2 ** 31) * below);
  }

  /** So many statements of one release or both. */
  async write(stage: Stage, releases: readonly ("old" | "new")[], count: number): Promise<void> {
    const { isTwoWay } = this.#change;
    for (let done = 0; done < count; done++) {
      const release = isTwoWay ? releases[this.#random(releases.length)]! : "old";
      const what = this.#random(10);
      if (what === 0) await this.#delete();
      else if (what <= 2) await this.#insert(stage, release);
      else if (release === "old") await this.#updateOld(stage);
      else await this.#updateNew(stage);
    }
  }

  /** A query for a row of a table, by its place. */
  #pick(table: string): string {
    return `(select ${ROW} from ${table} order by ${ROW} offset ${this.#random(1_000_003)} % greatest(1, (select count(*) from ${table})) limit 1)`;
  }

  async #delete(): Promise<void> {
    const { table, kept, inputs } = this.#samples;
    const columns = [ROW, ...new Set([...kept, ...(this.#change.isTwoWay ? [] : inputs)])].join(", ");
    await this.#try(`create temp table chosen on commit drop as select ${this.#pick(TRUTH)} as n;
      insert into ${PARKED} (${columns}) select ${columns} from ${table} where ${ROW} = (select n from chosen);
      delete from ${table} where ${ROW} = (select n from chosen);
      delete from ${TRUTH} where ${ROW} = (select n from chosen)`);
  }

  /** Takes every row out of the table, as if the releases had; they may come back. */
  async empty(): Promise<void> {
    const { table, kept, inputs } = this.#samples;
    const columns = [ROW, ...new Set([...kept, ...(this.#change.isTwoWay ? [] : inputs)])].join(", ");
    await this.#database.execute(
      `insert into ${PARKED} (${columns}) select ${columns} from ${table}; truncate ${table} cascade; delete from ${TRUTH}`,
    );
  }

  /** Brings rows back, as far as the constraints that there are now take them. */
  async refill(stage: Stage, releases: readonly ("old" | "new")[]): Promise<void> {
    const [row] = await this.#database.query<{ n: number }>(`select count(*)::int as n from ${PARKED}`);
    for (let done = 0; done < 2 * (row?.n ?? 0); done++) {
      await this.#insert(stage, this.#change.isTwoWay ? releases[done % releases.length]! : "old");
    }
  }

  async #insert(stage: Stage, release: "old" | "new"): Promise<void> {
    const { table, kept, inputs } = this.#samples;
    if (release === "old" && stage === "contracted") return;
    const source = release === "old" ? OLDS : NEWS;
    const own = release === "old" ? inputs : this.#fresh;
    const all = [...inputs, ...this.#fresh];
    await this.#try(`create temp table chosen on commit drop as select ${this.#pick(PARKED)} as n, ${this.#pick(source)} as value;
      insert into ${table} (${[ROW, ...kept, ...own].join(", ")}) overriding system value
      select ${[`p.${ROW}`, ...kept.map((column) => `p.${column}`), ...own.map((column) => `v.${column}`)].join(", ")}
        from chosen c join ${PARKED} p on p.${ROW} = c.n join ${source} v on v.${ROW} = c.value;
      insert into ${TRUTH} (${[ROW, ...all].join(", ")})
      select ${["c.n", ...all.map((column) => `v.${column}`)].join(", ")} from chosen c join ${source} v on v.${ROW} = c.value where c.n is not null;
      delete from ${PARKED} where ${ROW} = (select n from chosen)`);
  }

  async #updateOld(stage: Stage): Promise<void> {
    if (stage === "contracted") return;
    const { table, inputs } = this.#samples;
    const all = [...inputs, ...this.#fresh];
    const differ = inputs.map((column) => `u.${column} is distinct from v.${column}`).join(" or ");
    await this.#try(`create temp table chosen on commit drop as select ${this.#pick(TRUTH)} as n, ${this.#pick(OLDS)} as value;
      update ${table} t set ${inputs.map((column) => `${column} = v.${column}`).join(", ")} from chosen c join ${OLDS} v on v.${ROW} = c.value where t.${ROW} = c.n;
      update ${TRUTH} u set ${all.map((column) => `${column} = v.${column}`).join(", ")} from chosen c join ${OLDS} v on v.${ROW} = c.value
       where u.${ROW} = c.n and (${differ});
      ${this.#touch()}`);
  }

  /** An update of something else: it must change nothing that is in step. */
  #touch(): string {
    return `update ${this.#samples.table} set ${ROW} = ${ROW} where ${ROW} = (select n from chosen)`;
  }

  /** Some of the new columns. Those of a row that is not filled yet are empty to the new release, so it writes values only. */
  async #updateNew(stage: Stage): Promise<void> {
    const { table } = this.#samples;
    const first = this.#random(this.#fresh.length);
    const places = this.#fresh.flatMap((_, index) => (index === first || this.#random(2) === 0 ? [index] : []));
    const columns = places.map((index) => this.#fresh[index]!);
    const values = stage === "expanded" ? columns.map((column) => `v.${column} is not null`).join(" and ") : "true";
    const differ = columns.map((column) => `u.${column} is distinct from v.${column}`).join(" or ");
    const back = this.#old.map((column, index) => `${column} = ${this.#change.backward[index]!.sql("")}`).join(", ");
    await this.#try(`create temp table chosen on commit drop as select r.n, r.value from (select ${this.#pick(TRUTH)} as n, ${this.#pick(NEWS)} as value) r join ${NEWS} v on v.${ROW} = r.value where ${values};
      update ${TRUTH} u set ${columns.map((column) => `${column} = v.${column}`).join(", ")}, confiture_changed = true from chosen c join ${NEWS} v on v.${ROW} = c.value
       where u.${ROW} = c.n and (${differ});
      update ${TRUTH} set ${back}, confiture_changed = false where confiture_changed;
      update ${table} t set ${columns.map((column) => `${column} = v.${column}`).join(", ")} from chosen c join ${NEWS} v on v.${ROW} = c.value where t.${ROW} = c.n;
      ${this.#touch()}`);
  }

  /** One transaction. What the table's own constraints refuse would have been refused before, too. */
  async #try(sql: string): Promise<void> {
    try {
      await this.#database.execute(`begin; ${sql}; commit`);
    } catch (error) {
      if (!(error instanceof ConfitureError) || error.server === undefined) throw error;
      await this.#database.execute("rollback");
      if (!this.#isOwn(error)) return;
      throw new ConfitureError(
        "generate_refused",
        `A release that writes meanwhile meets an error: ${error.server.message}`,
        {
          hint: `Nothing was written. ${BY_HAND}`,
          cause: error,
        },
      );
    }
  }

  /** Whether an error is about what is in step, not about other columns, or what the truth itself refuses. */
  #isOwn({ server }: ConfitureError): boolean {
    const { sqlstate = "", schema, constraint = "", column = "" } = server ?? {};
    if (schema === "confiture_proof") return false;
    // A trigger of the user's may give an old column its value.
    const own = this.#samples.triggers.length > 0 ? this.#fresh : [...this.#old, ...this.#fresh];
    if (sqlstate === NOT_NULL) return own.includes(quoteIdentifier(column));
    return sqlstate.startsWith("23") ? /_agrees$|_has_no_null$/.test(constraint) : true;
  }

  /** @throws ConfitureError `generate_refused` where a row is not what the releases have written */
  async check(stage: Stage): Promise<void> {
    const { table, inputs } = this.#samples;
    const olds = stage === "contracted" ? [] : inputs;
    const differ = [
      ...olds.map((column) => `t.${column} is distinct from u.${column}`),
      ...this.#fresh.map((column) => {
        const differs = `t.${column} is distinct from u.${column}`;
        return stage === "expanded"
          ? `(${differs} and not (${this.#fresh.map((one) => `t.${one} is null`).join(" and ")}))`
          : differs;
      }),
    ];
    const rows = await this.#database.query<{ n: string }>(
      `select coalesce(t.${ROW}, u.${ROW})::text as n from ${table} t full join ${TRUTH} u on u.${ROW} = t.${ROW}
        where t.${ROW} is null or u.${ROW} is null or ${differ.join(" or ")} order by 1 limit 1`,
    );
    const [row] = rows;
    if (row === undefined) return;
    const is = await exampleOf(this.#database, table, [...olds, ...this.#fresh], `${ROW} = ${row.n}`);
    const should = await exampleOf(
      this.#database,
      TRUTH,
      [...(olds.length === 0 ? [] : inputs), ...this.#fresh],
      `${ROW} = ${row.n}`,
    );
    throw new ConfitureError(
      "generate_refused",
      `Tried with an old and a new release that write meanwhile, a row is not what they wrote: ${is ?? "gone"} instead of ${should ?? "none"}`,
      { hint: `Nothing was written. ${BY_HAND}` },
    );
  }

  /** After the way back of a contract, the old columns are what the new ones give. */
  async returned(): Promise<void> {
    const { backward, isTwoWay } = this.#change;
    if (!isTwoWay) return;
    const back = this.#old.map((column, index) => `${column} = ${backward[index]!.sql("")}`).join(", ");
    await this.#database.execute(`update ${TRUTH} set ${back}`);
  }
}

/** not_null_violation */
const NOT_NULL = "23502";

const BY_HAND = "Write the steps by hand, as docs/guides/medium-4-schema-to-schema.md shows.";
