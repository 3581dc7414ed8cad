import { allLedgers } from "#migrate/ledger/find.ts";
import type { Database } from "#database/database.ts";
import { reportedName } from "#sql/quote.ts";
import type { SyncPlan } from "../plan.ts";
import { planSync } from "../plan-sync.ts";
import { rootOf } from "../roots.ts";
import { type Change, columnRuleOf, withChanges } from "../rules/changed-rules.ts";
import { lineInPlace } from "../rules/line-instead.ts";
import { columnNamed, Names, shownTable } from "../rules/names.ts";
import { atOneMoment } from "../rules/one-moment.ts";
import { endOf, type Reference, referencesIn } from "../rules/references.ts";
import type { Rules } from "../rules/rules.ts";
import { inSchemas } from "../rules/schemas.ts";
import { tableKey } from "../rules/yaml-key.ts";
import type { SourceCatalogue, SourceColumn, SourceTable } from "../source/catalogue.ts";
import { readSource } from "../source/read.ts";
import { tryPlan } from "../trials.ts";
import { candidatesAgainst } from "./leak-candidates.ts";
import type { Leak } from "./proof-result.ts";

/** The rules of a plan, and the key that it was made with. */
export interface Ruled {
  readonly rules: Rules;
  readonly key: Uint8Array | undefined;
}

/** A column, and the table that has its rule. */
interface Placed {
  readonly table: SourceTable;
  readonly column: SourceColumn;
}

/** Says what to write against originals in a copy: of each rule it is tried first whether it goes with all else. */
export class LeakAdvice {
  readonly #database: Database;
  readonly #catalogue: SourceCatalogue;
  readonly #rules: Rules;
  readonly #key: Uint8Array | undefined;
  readonly #plan: SyncPlan;
  readonly #names: Names;
  readonly #references: readonly Reference[];

  private constructor(database: Database, catalogue: SourceCatalogue, { rules, key }: Ruled, plan: SyncPlan) {
    this.#database = database;
    this.#catalogue = catalogue;
    this.#rules = rules;
    this.#key = key;
    this.#plan = plan;
    this.#names = new Names(catalogue);
    this.#references = referencesIn(catalogue, rules, this.#names).references;
  }

  /**
   * @param database the source, in no transaction
   * @param ledger the name of the tool's own table
   * @throws ConfitureError `sync_source_failed`
   */
  static async on(database: Database, ledger: string, ruled: Ruled, plan: SyncPlan): Promise<LeakAdvice> {
    const catalogue = await readSource(database, await allLedgers(database, ledger));
    const rules = await atOneMoment(database, inSchemas(ruled.rules, catalogue));
    return new LeakAdvice(database, catalogue, { ...ruled, rules }, plan);
  }

  /**
   * What to write for a column that holds originals, with the place in the rules.
   * @param shown as a proof calls it, also with a path of a document behind it
   * @param leaks those of the column; none where its results are originals
   * @returns undefined for what is no column of the source
   * @throws ConfitureError `sync_source_failed`
   */
  async against(shown: string, leaks: readonly Leak[]): Promise<string | undefined> {
    const found = this.#find(shown);
    if (found === undefined) return undefined;
    const { table, column } = found;
    if (!column.generated) return await this.#forColumn(endOf(this.#references, found), leaks);
    const read = table.columns.filter(({ number, generated }) => column.reads.includes(number) && !generated);
    const lines: string[] = [];
    // What `scrub` finds in the result, it may not find in what that is made of.
    const unscrubbed = leaks.map((leak) => ({ ...leak, escapesScrub: true as const }));
    for (const one of read) {
      const end = endOf(this.#references, { table, column: one });
      if (this.#isKept(end)) lines.push(await this.#forColumn(end, unscrubbed));
    }
    const from = read.map(({ name }) => name).join(", ");
    const what = lines.length === 0 ? "change their rules" : `for each of them that is kept:\n  ${lines.join("\n  ")}`;
    return `${shown} is computed from ${from}; ${what}`;
  }

  #find(shown: string): Placed | undefined {
    for (const table of this.#catalogue.tables) {
      for (const { name } of table.columns) {
        const whole = reportedName(table.schema, table.name, name);
        if (shown !== whole && !shown.startsWith(`${whole} `)) continue;
        const root = rootOf(this.#catalogue.tables, table);
        return { table: root, column: columnNamed(root, name)! };
      }
    }
    return undefined;
  }

  async #forColumn(end: Placed, leaks: readonly Leak[]): Promise<string> {
    const { table, column } = end;
    const rule = columnRuleOf(this.#rules, this.#names, table, column);
    const replaced = table.columns.filter((one) => !one.generated && !this.#isKept({ table, column: one }));
    const followers = this.#followersOf(end);
    const where = rule === undefined ? "" : `${placeOf(rule)}: `;
    for (const { value, note } of candidatesAgainst({ column, leaks, isKept: this.#isKept(end), replaced })) {
      const changes = [{ table, column, value }, ...followers.map((one) => ({ ...one, value: undefined }))];
      if (note === undefined && !(await this.#isFit(changes))) continue;
      const follow = followers.map((one) => `, and ${this.#removal(one)}, which follows it`).join("");
      return `${where}${lineInPlace(column.name, value, rule?.node === undefined)}${follow}${note === undefined ? "" : ` (${note})`}`;
    }
    return `${where}no rule for ${shownTable(table)}.${column.name} goes with its type, its constraints and what refers to it: write \`${tableKey(table)}: skip\`, or take the originals out of it on the source`;
  }

  /** What refers to a column and has a rule of its own, which would have to agree. */
  #followersOf({ column: key }: Placed): Placed[] {
    return this.#catalogue.tables.flatMap((table) =>
      table.columns
        .filter((column) => column !== key && endOf(this.#references, { table, column }).column === key)
        .filter((column) => columnRuleOf(this.#rules, this.#names, table, column) !== undefined)
        .map((column) => ({ table, column })),
    );
  }

  #removal({ table, column }: Placed): string {
    const rule = columnRuleOf(this.#rules, this.#names, table, column)!;
    const what = rule.node === undefined ? `take ${column.name} out of \`keep\`` : `remove the rule of ${column.name}`;
    return `${what} at ${shownTable(table)} (${placeOf(rule)})`;
  }

  #isKept({ table, column }: Placed): boolean {
    const parts = this.#plan.tables.filter(({ schema, name }) => {
      const part = this.#catalogue.tables.find((one) => one.schema === schema && one.name === name);
      return part !== undefined && rootOf(this.#catalogue.tables, part) === table;
    });
    return parts.some(({ columns }) => columns.some((one) => one.name === column.name && one.treatment === "keep"));
  }

  /** Whether rules with these changes are whole, and PostgreSQL takes what they do to every row of the tables that they change. */
  async #isFit(changes: readonly Change[]): Promise<boolean> {
    const rules = await withChanges(this.#rules, this.#names, changes);
    const planned = await planSync(this.#catalogue, rules, this.#key);
    if (planned.kind === "findings") return false;
    const before = new Map(this.#plan.tables.map((table) => [shownTable(table), table.query]));
    const tables = planned.plan.tables.filter((table) => before.get(shownTable(table)) !== table.query);
    // Nothing of it differs: the rule is there already.
    if (tables.length === 0) return false;
    const changed = new Set([...tables, ...changes.map(({ table }) => table)].map(shownTable));
    const trials = planned.trials.filter(({ finding: { table } }) => table !== undefined && changed.has(table));
    const findings = await tryPlan(this.#database, { ...planned, plan: { ...planned.plan, tables }, trials });
    return findings.length === 0;
  }
}

function placeOf({ place }: NonNullable<ReturnType<typeof columnRuleOf>>): string {
  const { file, line } = place.file.location(place.offset);
  return `${file}:${line}`;
}
