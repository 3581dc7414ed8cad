import type { Database } from "#database/database.ts";
import type { LoadedMigration } from "#migrate/files/body.ts";
import { fillsOnly } from "#migrate/phases/fills-only.ts";
import { isThere } from "#migrate/warnings/dangers.ts";
import { exposuresOf } from "#migrate/warnings/exposures.ts";
import { spentChecks } from "#migrate/warnings/spent-checks.ts";
import { swallowedWrites } from "#migrate/warnings/swallowed-writes.ts";
import { doneByCode } from "#migrate/warnings/taking-code.ts";
import { dangersOf } from "#sql/effects/danger.ts";
import type { Danger } from "#sql/effects/danger-kinds.ts";
import type { Exposure } from "#sql/effects/exposure-kinds.ts";
import { isSchemaMadeBy } from "#sql/effects/opened.ts";
import { parseQualifiedName } from "#sql/quote.ts";
import { lossOfReplaced, replacedTables } from "#sql/effects/replaced.ts";
import { lossOfReplacedColumn, replacedColumns } from "#sql/effects/replaced-columns.ts";
import type { Statement } from "#sql/statement.ts";
import { switchedOff } from "#sql/effects/switched-off.ts";
import type { SwallowedWrites } from "#sql/effects/swallowed-writes.ts";
import type { Meter } from "./meter.ts";
import { deletedFrom } from "./statement-losses.ts";

/** What a statement is known to do by its text and what is in use, before it has run. */
export interface Told {
  /** What is not found any more where it puts another table or column in the place of one in use. */
  readonly replaces: readonly string[];
  readonly endangers: readonly Danger[];
  readonly exposes: readonly Exposure[];
  /** Names of functions it runs, or may run, that may change or delete something. */
  readonly runs: readonly string[];
  /** Whether all that it drops was made by the migrations that are traced. */
  readonly isNew: boolean;
  /** Whether it drops CHECKs alone that refuse nothing any more. */
  readonly isSpent: boolean;
  /** Whether it is an UPDATE that fills what is empty alone, and so takes nothing away. */
  readonly isFill: boolean;
  /** Writes to tables in use that triggers swallow from then on. */
  readonly swallows: readonly SwallowedWrites[];
}

export const NOTHING_TOLD: Told = {
  isNew: false,
  replaces: [],
  endangers: [],
  exposes: [],
  runs: [],
  isSpent: false,
  isFill: false,
  swallows: [],
};

/** Reads statements of one migration, in the order in which they run. */
export class Teller {
  readonly #meter: Meter;
  readonly #isTypeScript: boolean;
  readonly #own: readonly Statement[];
  /** What is known of its statements: all of a file in SQL, those of TypeScript up to now. */
  readonly #known: Statement[];
  #replacedTables: ReturnType<typeof replacedTables> | undefined;
  #replacedColumns: ReturnType<typeof replacedColumns> | undefined;
  #off: ReturnType<typeof switchedOff> | undefined;
  #fills: Awaited<ReturnType<typeof fillsOnly>> | undefined;
  /** As of the database before the first of its statements. */
  #swallowed: Awaited<ReturnType<typeof swallowedWrites>> | undefined;

  /** @param before statements of migrations before it that may have renamed tables */
  constructor(meter: Meter, { up }: LoadedMigration, before: readonly Statement[]) {
    this.#meter = meter;
    this.#isTypeScript = up.kind === "typescript";
    this.#own = up.kind === "sql" ? up.script.statements : [];
    this.#known = [...before, ...this.#own];
  }

  async of(database: Database, statement: Statement): Promise<Told> {
    // Most databases have no code that matters, which need not be asked for each statement; what DO exposes is always asked.
    const mayRun = statement.firstWord === "DO" || (await this.#meter.hasCode());
    const byCode = (await doneByCode([statement], mayRun ? database : undefined)).get(statement);
    const exposures = await exposuresOf([statement], database, this.#known);
    return {
      replaces: await this.#replaced(statement),
      endangers: [...(await this.#endangers(database, statement)), ...(byCode?.endangers ?? [])],
      exposes: [...(exposures.get(statement) ?? []), ...(byCode?.exposes ?? [])],
      runs: byCode?.takes ?? [],
      isNew: await this.#meter.dropsNewAlone(statement),
      isSpent: (await spentChecks([statement], database)).size > 0,
      isFill: await this.#isFill(statement),
      swallows: await this.#swallows(database, statement),
    };
  }

  async #isFill(statement: Statement): Promise<boolean> {
    if (statement.firstWord !== "UPDATE") return false;
    if (this.#isTypeScript) return (await fillsOnly([statement])).has(statement);
    this.#fills ??= await fillsOnly(this.#own);
    return this.#fills.has(statement);
  }

  async #swallows(database: Database, statement: Statement): Promise<readonly SwallowedWrites[]> {
    if (this.#isTypeScript) this.#swallowed = await swallowedWrites([statement], database);
    this.#swallowed ??= await swallowedWrites(this.#own, database);
    const inUse: SwallowedWrites[] = [];
    for (const one of this.#swallowed.get(statement) ?? []) if (await this.#isInUse(one.table)) inUse.push(one);
    return inUse;
  }

  /** What goes with deleted rows by foreign keys, whether or not rows were there to show it. */
  async followersOf(loses: readonly string[]): Promise<string[]> {
    const table = loses.map(deletedFrom).find((name) => name !== undefined);
    if (table === undefined) return [];
    const told = loses.join("\n");
    const followers = await this.#meter.followers(table);
    return followers.filter((loss) => !told.includes(loss.replace(/ \(.*/, "")));
  }

  async #replaced(statement: Statement): Promise<string[]> {
    if (this.#isTypeScript) {
      this.#known.push(statement);
      this.#replacedTables = undefined;
      this.#replacedColumns = undefined;
    }
    if (!/^(?:CREATE|ALTER)$/.test(statement.firstWord ?? "")) return [];
    this.#replacedTables ??= replacedTables(this.#known);
    const replaced = this.#replacedTables.get(statement);
    const loss = replaced === undefined ? undefined : lossOfReplaced(replaced);
    const losses: string[] = [];
    if (loss !== undefined && (await this.#isInUse(replaced!.now))) losses.push(loss);
    this.#replacedColumns ??= replacedColumns(this.#known);
    for (const column of this.#replacedColumns.get(statement) ?? []) {
      const hidden = lossOfReplacedColumn(column);
      if (hidden !== undefined && (await this.#isInUse(column.table))) losses.push(hidden);
    }
    return losses;
  }

  async #isInUse(written: string): Promise<boolean> {
    return (await this.#meter.resolve(written))?.isNew === false;
  }

  /** What its text says that it puts at risk, of what is in use. */
  async #endangers(database: Database, statement: Statement): Promise<Danger[]> {
    // What code of TypeScript does next is not known.
    this.#off ??= switchedOff(this.#own);
    const off = this.#off.get(statement);
    const found: Danger[] = off === undefined ? [] : [off];
    for (const { danger, relation, trigger, schema } of dangersOf(statement)) {
      if (schema !== undefined && isSchemaMadeBy(schema, this.#known)) continue;
      // What is no name makes PostgreSQL stop, here as there.
      if (relation !== undefined && parseQualifiedName(relation) === undefined) continue;
      if (relation !== undefined && !(await this.#isInUse(relation))) continue;
      if (trigger === undefined || (await isThere(database, relation!, trigger))) found.push(danger);
    }
    return found;
  }
}
