import type { Subkeys } from "./keyed.ts";
import { QueryKeys } from "./keyed.ts";
import type { SyncFinding, Trial } from "./finding.ts";
import type { BeyondQuery, LossQuery, OthersQuery, SyncPlan, SyncTable } from "./plan.ts";
import type { SourceCatalogue, SourceColumn, SourceTable } from "./source/catalogue.ts";
import { syncTable } from "./query.ts";
import { checkReference, checkTable } from "./rules/check-table.ts";
import { Names, shownTable } from "./rules/names.ts";
import { type Reference, referencesIn } from "./rules/references.ts";
import { toFindings } from "./rules/order.ts";
import type { Problem, Rules, TableRule } from "./rules/rules.ts";
import { inSchemas, mayName } from "./rules/schemas.ts";
import { addedBeyondConditions } from "./rules/beyond-condition.ts";
import { likelyReferences } from "./rules/likely-references.ts";
import { endlessProblem } from "./rules/circles.ts";
import { otherTenants } from "./rules/tenant-others.ts";
import { tenantConditions, tenantProblem, tenantRowsTrial, tenantValueTrials } from "./rules/tenant.ts";
import { tenantLosses } from "./rules/tenant-losses.ts";
import { isNothing, type TreatmentOf } from "./rules/treatment.ts";
import { Treatments } from "./rules/treatments.ts";
import { comparingTrials, spellingTrials, unfollowedTrials } from "./rules/reference-trials.ts";
import { columnTrials, conditionTrials, constraintTrials } from "./rules/trials.ts";
import { unsafeSql } from "./rules/unsafe-sql.ts";
import { writtenReferenceFaults } from "./rules/written-references.ts";
import { columnsWithoutRule, tableWithoutRule } from "./rules/without-rule.ts";
import { layRules } from "./rules/lay.ts";
import { partOf, rootOf } from "./roots.ts";
import { skipped } from "./skipped.ts";
import { wishOf } from "./subset/wish.ts";
import { graphOf, type Wish } from "./subset/graph.ts";
import { Subset } from "./subset/subset.ts";

/** What is done with one table. */
interface TablePlan {
  readonly tables: readonly SyncTable[];
  readonly trials: readonly Trial[];
  /** It, and those that decide about which of its rows are copied. */
  readonly inQuery: readonly SourceTable[];
}

/** Lays the rules beside the tables of a source, and says what is copied, or what keeps it from that. */
export class Planner {
  readonly subkeys: Subkeys;
  /** Known as a whole once `tables` has made them. */
  warnings: readonly string[] = [];
  losses: readonly LossQuery[] = [];
  others: readonly OthersQuery[] = [];
  beyond: readonly BeyondQuery[] = [];
  readonly #catalogue: SourceCatalogue;
  readonly #rules: Rules;
  readonly #names: Names;
  readonly #references: readonly Reference[];
  /** Those whose columns are to go together, and so have to agree. */
  readonly #sound: readonly Reference[];
  readonly #treatments: Treatments;
  #ruleOf: ReadonlyMap<SourceTable, TableRule> = new Map();
  readonly #problems: Problem[];
  readonly #missing: SyncFinding[] = [];

  constructor(catalogue: SourceCatalogue, written: Rules, subkeys: Subkeys) {
    const rules = inSchemas(written, catalogue);
    this.#catalogue = catalogue;
    this.#rules = rules;
    this.subkeys = subkeys;
    this.#names = new Names(catalogue);
    const { references, problems } = referencesIn(catalogue, rules, this.#names);
    this.#references = references;
    const faults = writtenReferenceFaults(references, rules.tenant?.column);
    this.#sound = references.filter(({ places = [] }) => !faults.problems.some(({ place }) => places.includes(place)));
    this.#problems = [...rules.problems, ...problems, ...faults.problems];
    this.warnings = faults.warnings;
    this.#treatments = new Treatments(this.#names, references);
  }

  /** The plan's tables; undefined where something is wrong. */
  async tables(): Promise<SyncTable[] | undefined> {
    this.#layRules();
    const roots = this.#catalogue.tables.filter(({ partitionOf }) => partitionOf === null);
    const copied = roots.filter((table) => this.isCopied(table));
    for (const table of roots)
      if (!this.#ruleOf.has(table)) this.#missing.push(tableWithoutRule(table, this.#rules, this.#references));
    for (const table of copied) this.#missing.push(...this.#columnsWithoutRule(table));
    const treatmentOf: TreatmentOf = (column) => this.#treatments.of(column);
    for (const table of copied) this.#problems.push(...checkTable(table, this.#partsOf(table), treatmentOf));
    for (const reference of this.#sound) {
      if (!copied.includes(reference.from)) continue;
      this.#problems.push(...checkReference(reference, this.#treatments, this.#ruleSides()));
    }
    this.#problems.push(...(await this.#unsafeSql(copied)));
    // A condition by sample is a part of every query that it cuts down.
    const sampled = new QueryKeys(this.subkeys);
    const wishes = copied.map((table) => this.#wish(table, sampled));
    const graph = graphOf(wishes, this.#references);
    if (graph.endless !== undefined) this.#problems.push(endlessProblem(graph.endless, graph, this.#ruleOf));
    this.#problems.push(...this.#treatments.problems);
    if (this.#problems.length + this.#missing.length > 0) return undefined;
    const { tenant } = this.#rules;
    const asked = wishes.filter(({ table }) => this.#ruleOf.get(table)!.tenant);
    const likely = likelyReferences(wishes, this.#references, { graph, ruleOf: this.#ruleOf, treatmentOf });
    this.warnings = [...this.warnings, ...likely];
    const subset = new Subset(graph, wishes);
    const sides = { graph, subset, ruleOf: this.#ruleOf, before: sampled.isUsed ? [sampled.part] : [] };
    this.beyond = addedBeyondConditions(wishes, sides);
    if (tenant !== undefined) {
      this.losses = tenantLosses(tenant, asked, sides);
      this.others = otherTenants(tenant, asked, sides);
    }
    return this.#catalogue.tables
      .filter(({ kind }) => kind === "table")
      .map((table) => this.#syncTable(table, subset, sampled));
  }

  /** The parts of a table with their queries, and what to ask PostgreSQL first; findings where something of it is wrong. */
  async table(root: SourceTable): Promise<TablePlan | SyncFinding[]> {
    const isOf = (tables: readonly SourceTable[]) => {
      const names = new Set(tables.map(shownTable));
      return ({ table }: { readonly table?: string | undefined }): boolean => table !== undefined && names.has(table);
    };
    this.#layRules();
    // Of rules that were read so far only the names of columns are known.
    const named = this.#treatments.problems.splice(0).filter(isOf([root]));
    if (!this.#ruleOf.has(root)) return [tableWithoutRule(root, this.#rules, this.#references)];
    const parts = [root, ...this.#partsOf(root)].filter(({ kind }) => kind === "table");
    if (this.#isSkipped(root))
      return { tables: parts.map((table) => this.#skipped(table, root)), trials: [], inQuery: [] };
    this.#missing.push(...this.#columnsWithoutRule(root));
    const treatmentOf: TreatmentOf = (column) => this.#treatments.of(column);
    const own = [
      ...named,
      ...checkTable(root, this.#partsOf(root), treatmentOf),
      ...this.#references.flatMap((reference) =>
        reference.from === root ? checkReference(reference, this.#treatments, this.#ruleSides()) : [],
      ),
      ...this.#treatments.problems,
    ];
    const sampled = new QueryKeys(this.subkeys);
    const copied = this.#catalogue.tables.filter((table) => this.isCopied(table));
    const wishes = copied.map((table) => this.#wish(table, sampled));
    const graph = graphOf(wishes, this.#references);
    const inQuery = graph.isCut(root) ? graph.connectedTo(root) : [root];
    if (graph.endless?.some((table) => inQuery.includes(table)) === true)
      this.#problems.push(endlessProblem(graph.endless, graph, this.#ruleOf));
    own.push(...(await this.#unsafeSql(inQuery, [root])));
    const about = isOf(inQuery);
    const isOwn = isOf([root]);
    // How others choose their rows matters, and what becomes of their columns does not.
    const ofTenant = this.#rules.tenant?.place;
    const problems = this.#problems.filter(
      (one) => isOwn(one) || (about(one) && one.column === undefined) || one.place === ofTenant,
    );
    if (own.length + problems.length + this.#missing.length > 0) {
      this.#problems.splice(0, Infinity, ...new Set([...own, ...problems]));
      return this.findings();
    }
    const subset = new Subset(graph, wishes);
    return {
      tables: parts.map((table) => this.#syncTable(table, subset, sampled)),
      trials: [
        ...inQuery.flatMap((table) => this.#conditionTrials(table)),
        ...this.#tenantTrials(inQuery).filter(({ kind }) => kind === "parse"),
        ...columnTrials(root, treatmentOf, this.subkeys).filter(({ kind }) => kind !== "count"),
      ],
      inQuery,
    };
  }

  /** Whether rows of a table are copied, which is no partition. */
  isCopied(root: SourceTable): boolean {
    return this.#ruleOf.get(root)?.mode === "rows";
  }

  #ruleSides(): Parameters<typeof checkReference>[2] {
    return { isSkipped: (table) => this.#isSkipped(table), ruleOf: (table) => this.#ruleOf.get(table) };
  }

  #isSkipped(table: SourceTable): boolean {
    return this.#ruleOf.get(this.#rootOf(table))?.mode === "skip";
  }

  #syncTable(table: SourceTable, subset: Subset, sampled: QueryKeys): SyncTable {
    const root = this.#rootOf(table);
    if (this.#isSkipped(root)) return this.#skipped(table, root);
    const keys = new QueryKeys(this.subkeys);
    const rows = subset.of(root, table);
    if (rows !== undefined && sampled.isUsed) keys.include(sampled);
    const inRoot = (column: SourceColumn): SourceColumn =>
      root === table ? column : root.columns.find((one) => one.name === column.name)!;
    const made = syncTable(table, (column) => this.#treatments.of(inRoot(column))!, rows, keys);
    return { ...made, ...partOf(this.#catalogue.tables, table) };
  }

  #skipped(table: SourceTable, root: SourceTable): SyncTable {
    return { ...skipped(table, this.#ruleOf.get(root)!.place), ...partOf(this.#catalogue.tables, table) };
  }

  #unsafeSql(tables: readonly SourceTable[], valued = tables): Promise<Problem[]> {
    return unsafeSql(tables, valued, {
      ruleOf: this.#ruleOf,
      references: this.#references,
      treatmentOf: (column) => this.#treatments.of(column),
      subkeys: this.subkeys,
    });
  }

  /** Whether PostgreSQL compares the columns of the rules' references. */
  get comparing(): Trial[] {
    return comparingTrials(this.#sound.filter(({ from, to }) => this.isCopied(from) && this.isCopied(to)));
  }

  /** What PostgreSQL has to say to the rules before the first row. */
  trials(plan: SyncPlan["tables"]): Trial[] {
    const treatmentOf: TreatmentOf = (column) => this.#treatments.of(column);
    const copied = this.#catalogue.tables.filter((table) => this.isCopied(table));
    const inside = this.#references.filter(({ from, to }) => copied.includes(from) && copied.includes(to));
    const tablesOf = (root: SourceTable): SyncTable[] =>
      plan.filter((one) => [root, ...this.#partsOf(root)].some((part) => shownTable(part) === shownTable(one)));
    return [
      ...this.#tenantTrials(copied),
      ...copied.flatMap((table) => [
        ...this.#conditionTrials(table),
        ...columnTrials(table, treatmentOf, this.subkeys),
      ]),
      ...plan.flatMap((made) => (made.mode === "skip" ? [] : this.#constraintTrials(made))),
      ...this.comparing,
      ...spellingTrials(inside, treatmentOf),
      ...unfollowedTrials(inside, (table) => this.#ruleOf.get(table), tablesOf),
    ];
  }

  #conditionTrials(table: SourceTable): Trial[] {
    return conditionTrials(table, this.#ruleOf.get(table)!, this.#references);
  }

  #constraintTrials({ schema, name, query }: SyncTable): Trial[] {
    const table = this.#catalogue.tables.find((one) => one.schema === schema && one.name === name)!;
    return constraintTrials(table, query, this.#rootOf(table), (column) => this.#treatments.of(column));
  }

  #tenantTrials(tables: readonly SourceTable[]): Trial[] {
    const { tenant } = this.#rules;
    if (tenant === undefined) return [];
    const conditions = tables.flatMap((table) =>
      this.#ruleOf.get(table)!.tenant ? tenantConditions(table, tenant) : [],
    );
    return [...tenantValueTrials(tenant, conditions), ...tenantRowsTrial(tenant, conditions)];
  }

  findings(): SyncFinding[] {
    return toFindings(this.#problems, this.#missing, (written, shown) => mayName(written, shown, this.#names));
  }

  #layRules(): void {
    const { ruleOf, problems } = layRules(this.#rules, {
      names: this.#names,
      references: this.#references,
      treatments: this.#treatments,
      rootOf: (table) => this.#rootOf(table),
    });
    this.#ruleOf = ruleOf;
    this.#problems.push(...problems);
    this.#checkTenant();
  }

  #checkTenant(): void {
    const { tenant } = this.#rules;
    if (tenant === undefined) return;
    const problem = tenantProblem(
      tenant,
      this.#catalogue.tables.filter((table) => table.partitionOf === null && !this.#isSkipped(table)),
    );
    if (problem !== undefined) this.#problems.push(problem);
  }

  #columnsWithoutRule(table: SourceTable): SyncFinding[] {
    return columnsWithoutRule(table, this.#ruleOf.get(table)!, this.#treatments, this.#references);
  }

  #rootOf(table: SourceTable): SourceTable {
    return rootOf(this.#catalogue.tables, table);
  }

  #partsOf(table: SourceTable): SourceTable[] {
    return this.#catalogue.tables.filter((part) => part !== table && this.#rootOf(part) === table);
  }

  #wish(table: SourceTable, keys: QueryKeys): Wish {
    const { wish, problems } = wishOf(table, {
      ruleOf: this.#ruleOf,
      tenant: this.#rules.tenant,
      isEmptied: (column) => isNothing(this.#treatments.of(column)),
      keys,
    });
    this.#problems.push(...problems);
    return wish;
  }
}
