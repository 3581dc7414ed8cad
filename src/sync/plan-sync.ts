import { randomBytes } from "node:crypto";
import { withParser } from "#sql/parser.ts";
import { quoteIdentifier, quoteLiteral, quoteQualified, writeIdentifier } from "#sql/quote.ts";
import { QueryKeys, Subkeys } from "./keyed.ts";
import { SEARCH_PATH } from "./plain.ts";
import type {
  Planned,
  SourceCatalogue,
  SourceColumn,
  SourceTable,
  SyncFinding,
  SyncPlan,
  SyncTable,
  Trial,
} from "./plan.ts";
import { syncTable, typeOf } from "./query.ts";
import { guessByName } from "./rules/guess.ts";
import { checkReference, checkTable } from "./rules/check-table.ts";
import { columnNamed, Names, shownTable } from "./rules/names.ts";
import { mayFailOnRows } from "./rules/may-fail.ts";
import { type Reference, referencesIn } from "./rules/references.ts";
import { type Place, type Problem, type Rules, RULES_DIR, type TableRule } from "./rules/rules.ts";
import { conditionFault, expressionFault } from "./rules/sql-reach.ts";
import { inSchemas } from "./rules/schemas.ts";
import { tenantProblem, tenantRowsTrial, tenantValueTrials, type TenantCondition } from "./rules/tenant.ts";
import { isNothing, type Treatment, Treatments } from "./rules/treatments.ts";
import { yamlKey } from "./rules/yaml-key.ts";
import { type Graph, graphOf, type Wish } from "./subset/graph.ts";
import { Subset } from "./subset/subset.ts";

/**
 * Lays the rules beside the tables of the source. Whatever no rule speaks of is a finding, and so is what cannot go well.
 * @param key 32 bytes; without it one that nobody knows, so that no other run has the same results
 */
export async function planSync(
  catalogue: SourceCatalogue,
  rules: Rules,
  key: Uint8Array | undefined,
): Promise<Planned> {
  const planner = new Planner(catalogue, rules, new Subkeys(key ?? randomBytes(32)));
  const plan = await planner.tables();
  if (plan === undefined) return { kind: "findings", findings: planner.findings() };
  return {
    kind: "plan",
    trials: planner.trials(plan),
    plan: {
      tables: plan,
      settings: [SEARCH_PATH, ...planner.subkeys.settings],
      digest: rules.digest,
      reproducible: key !== undefined,
      warnings: planner.warnings,
    },
  };
}

/**
 * The plan of one table alone, as for looking at some of its rows. What is wrong with the rules of others does not matter, but for
 * those that have a part in its values, or in which of its rows are copied.
 * @param table none of the catalogue's partitions
 * @param key as for `planSync`
 */
export async function planTable(
  catalogue: SourceCatalogue,
  rules: Rules,
  key: Uint8Array | undefined,
  table: SourceTable,
): Promise<Planned> {
  const planner = new Planner(catalogue, rules, new Subkeys(key ?? randomBytes(32)));
  const plan = await planner.table(table);
  if (Array.isArray(plan)) return { kind: "findings", findings: plan };
  const { tables, trials } = plan;
  const settings = [SEARCH_PATH, ...planner.subkeys.settings];
  return {
    kind: "plan",
    trials,
    plan: { tables, settings, digest: rules.digest, reproducible: key !== undefined, warnings: [] },
  };
}

/** Elements are replaced in a row: what is no list that is counted from 1 would lose its shape. */
function shapeTrial(table: SourceTable, column: SourceColumn, place: Place): Trial {
  const name = quoteIdentifier(column.name);
  const shown = shownTable(table);
  return {
    kind: "count",
    sql: `SELECT count(*)::float8 AS refused FROM ${quoteQualified(table.schema, table.name)} WHERE array_ndims(${name}) > 1 OR array_lower(${name}, 1) <> 1`,
    finding: {
      rule: "array-shape",
      message: `${shown}.${column.name} has arrays of more than one dimension, or that do not begin at 1, which would become plain lists`,
      fix: "Give it a value, or an expr",
      location: place.file.location(place.offset),
      table: shown,
      column: column.name,
    },
  };
}

function skipped({ schema, name }: SourceTable): SyncTable {
  return { schema, name, mode: "skip", columns: [], query: "", whole: false, where: undefined };
}

class Planner {
  readonly subkeys: Subkeys;
  /** Known once `tables` has made them. */
  warnings: readonly string[] = [];
  readonly #catalogue: SourceCatalogue;
  readonly #rules: Rules;
  readonly #names: Names;
  readonly #references: readonly Reference[];
  readonly #treatments: Treatments;
  readonly #ruleOf = new Map<SourceTable, TableRule>();
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
    this.#problems = [...rules.problems, ...problems];
    this.#treatments = new Treatments(this.#names, references);
  }

  /** The plan's tables; undefined where something is wrong. */
  async tables(): Promise<SyncTable[] | undefined> {
    this.#layRules();
    const roots = this.#catalogue.tables.filter(({ partitionOf }) => partitionOf === null);
    const copied = roots.filter((table) => this.#ruleOf.get(table)?.mode === "rows");
    for (const table of roots) if (!this.#ruleOf.has(table)) this.#missing.push(this.#tableWithoutRule(table));
    for (const table of copied) this.#columnsWithoutRule(table);
    const treatmentOf = (column: SourceColumn): Treatment | undefined => this.#treatments.of(column);
    for (const table of copied) this.#problems.push(...checkTable(table, this.#partsOf(table), treatmentOf));
    for (const reference of this.#references) {
      if (!copied.includes(reference.from)) continue;
      this.#problems.push(...checkReference(reference, treatmentOf, (table) => this.#isSkipped(table)));
    }
    this.#problems.push(...(await this.#unsafeSql(copied)));
    // A condition by sample is a part of every query that it cuts down.
    const sampled = new QueryKeys(this.subkeys);
    const wishes = copied.map((table) => this.#wish(table, sampled));
    const graph = graphOf(wishes, this.#references);
    if (graph.endless !== undefined) this.#endless(graph.endless);
    this.#problems.push(...this.#treatments.problems);
    if (this.#problems.length + this.#missing.length > 0) return undefined;
    this.warnings = this.#otherTenants(copied, graph);
    const subset = new Subset(graph, wishes);
    return this.#catalogue.tables
      .filter(({ kind }) => kind === "table")
      .map((table) => this.#syncTable(table, subset, sampled));
  }

  /** The parts of a table with their queries, and what to ask PostgreSQL first; findings where something of it is wrong. */
  async table(
    root: SourceTable,
  ): Promise<{ readonly tables: readonly SyncTable[]; readonly trials: readonly Trial[] } | SyncFinding[]> {
    const isOf = (tables: readonly SourceTable[]) => {
      const names = new Set(tables.map(shownTable));
      return ({ table }: { readonly table?: string | undefined }): boolean => table !== undefined && names.has(table);
    };
    this.#layRules();
    // Of rules that were read so far only the names of columns are known.
    const named = this.#treatments.problems.splice(0).filter(isOf([root]));
    if (!this.#ruleOf.has(root)) return [this.#tableWithoutRule(root)];
    const parts = [root, ...this.#partsOf(root)].filter(({ kind }) => kind === "table");
    if (this.#isSkipped(root)) return { tables: parts.map((table) => skipped(table)), trials: [] };
    this.#columnsWithoutRule(root);
    const treatmentOf = (column: SourceColumn): Treatment | undefined => this.#treatments.of(column);
    const own = [
      ...named,
      ...checkTable(root, this.#partsOf(root), treatmentOf),
      ...this.#references.flatMap((reference) =>
        reference.from === root ? checkReference(reference, treatmentOf, (table) => this.#isSkipped(table)) : [],
      ),
      ...this.#treatments.problems,
    ];
    const sampled = new QueryKeys(this.subkeys);
    const copied = this.#catalogue.tables.filter((table) => this.#ruleOf.get(table)?.mode === "rows");
    const wishes = copied.map((table) => this.#wish(table, sampled));
    const graph = graphOf(wishes, this.#references);
    const inQuery = graph.isCut(root) ? graph.connectedTo(root) : [root];
    if (graph.endless?.some((table) => inQuery.includes(table)) === true) this.#endless(graph.endless);
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
        ...inQuery.flatMap((table) => this.#trialsOfConditions(table)),
        ...this.#tenantTrials(inQuery).filter(({ kind }) => kind === "parse"),
        ...this.#trialsOfColumns(root).filter(({ kind }) => kind !== "count"),
      ],
    };
  }

  #isSkipped(table: SourceTable): boolean {
    return this.#ruleOf.get(this.#rootOf(table))?.mode === "skip";
  }

  #syncTable(table: SourceTable, subset: Subset, sampled: QueryKeys): SyncTable {
    const root = this.#rootOf(table);
    if (this.#isSkipped(root)) return skipped(table);
    const keys = new QueryKeys(this.subkeys);
    const rows = subset.of(root, table);
    if (rows !== undefined && sampled.isUsed) keys.include(sampled);
    const inRoot = (column: SourceColumn): SourceColumn =>
      root === table ? column : root.columns.find((one) => one.name === column.name)!;
    return syncTable(table, (column) => this.#treatments.of(inRoot(column))!, rows, keys);
  }

  /**
   * SQL of the rules that may reach further than it should.
   * @param valued tables whose expressions are looked at
   */
  async #unsafeSql(tables: readonly SourceTable[], valued = tables): Promise<Problem[]> {
    const written = tables.map((table) => ({
      table,
      conditions: [
        this.#ruleOf.get(table)?.rows,
        ...this.#references.map(({ from, where }) => (from === table ? where : undefined)),
      ].filter((condition) => condition !== undefined),
      expressions: (valued.includes(table) ? table.columns : []).flatMap((column) => {
        const treatment = this.#treatments.of(column);
        return treatment?.kind === "transform" && treatment.made.readsOthers === true ? [{ column, treatment }] : [];
      }),
    }));
    // The parser takes a moment, and most rules need none.
    if (written.every(({ conditions, expressions }) => conditions.length + expressions.length === 0)) return [];
    return await withParser((parser) =>
      written.flatMap(({ table, conditions, expressions }) => {
        const shown = shownTable(table);
        const names = table.columns.map(({ name }) => name);
        return [
          ...conditions.flatMap(({ text, place }): Problem[] => {
            const message = conditionFault(parser, text);
            if (message === undefined) return [];
            return [{ rule: "invalid-sql", message, fix: "Write it as after WHERE", place, table: shown }];
          }),
          ...expressions.flatMap(({ column, treatment: { made, place } }): Problem[] => {
            const message = expressionFault(parser, made.expression("", new QueryKeys(this.subkeys).of("none")), names);
            const fix = "Use columns of the same row, or make the value in the source, in a column of its own";
            if (message === undefined) return [];
            return [{ rule: "invalid-sql", message, fix, place, table: shown, column: column.name }];
          }),
        ];
      }),
    );
  }

  /** What PostgreSQL has to say to the rules before the first row. */
  trials(plan: SyncPlan["tables"]): Trial[] {
    const copied = this.#catalogue.tables.filter((table) => this.#ruleOf.get(table)?.mode === "rows");
    return [
      ...this.#tenantTrials(copied),
      ...copied.flatMap((table) => [...this.#trialsOfConditions(table), ...this.#trialsOfColumns(table)]),
      ...plan.flatMap((made) => (made.mode === "skip" ? [] : this.#trialsOfConstraints(made))),
    ];
  }

  #tenantTrials(tables: readonly SourceTable[]): Trial[] {
    const { tenant } = this.#rules;
    if (tenant === undefined) return [];
    const conditions = tables.flatMap((table) => this.#tenantOf(table, this.#ruleOf.get(table)!));
    return [...tenantValueTrials(tenant, conditions), ...tenantRowsTrial(tenant, conditions)];
  }

  #trialsOfConditions(table: SourceTable): Trial[] {
    const rule = this.#ruleOf.get(table)!;
    const shown = shownTable(table);
    const rows = `${quoteQualified(table.schema, table.name)} AS ${quoteIdentifier(table.name)}`;
    const conditions = [
      ...(rule.rows === undefined ? [] : [{ ...rule.rows, what: `The condition for rows of ${shown}` }]),
      ...this.#references.flatMap(({ from, where }) =>
        from === table && where !== undefined ? [{ ...where, what: "The condition of the reference" }] : [],
      ),
    ];
    return conditions.flatMap(({ text, place, what }): Trial[] => {
      const about = { location: place.file.location(place.offset), table: shown, column: undefined };
      const parse: Trial = {
        kind: "parse",
        sql: `SELECT FROM ${rows} WHERE (${text}\n)`,
        finding: { rule: "invalid-sql", message: `${what} is no SQL`, fix: "Write it as after WHERE", ...about },
      };
      if (!mayFailOnRows(text)) return [parse];
      const message = `${what} fails on a row`;
      const fix = "Ask first whether a value has the form: CASE WHEN code ~ '^[0-9]{1,9}$' THEN code::int > 5 END";
      const sql = `SELECT count(*) FROM ${rows} WHERE (${text}\n)`;
      return [parse, { kind: "rows", sql, finding: { rule: "fails-on-rows", message, fix, ...about } }];
    });
  }

  #trialsOfColumns(table: SourceTable): Trial[] {
    const shown = shownTable(table);
    return table.columns.flatMap((column): Trial[] => {
      const treatment = this.#treatments.of(column);
      if (treatment?.kind === "transform" && treatment.elements) return [shapeTrial(table, column, treatment.place)];
      if (treatment?.kind !== "transform") return [];
      const { made, place, transform } = treatment;
      if (made.readsOthers !== true && (transform.name !== "value" || made.makesNull === true)) return [];
      const finding = {
        rule: "invalid-sql",
        message: `The rule of ${shown}.${column.name} (${column.type}) does not work`,
        fix: undefined,
        location: place.file.location(place.offset),
        table: shown,
        column: column.name,
      };
      const sql = made.expression(`source.${quoteIdentifier(column.name)}`, new QueryKeys(this.subkeys).of("trial"));
      if (made.readsOthers === true) {
        const nothing = table.columns.map((one) => `NULL::${typeOf(one)} AS ${quoteIdentifier(one.name)}`);
        return [
          {
            kind: "parse",
            sql: `SELECT ${sql}::${typeOf(column)} FROM (SELECT ${nothing.join(", ")}) source`,
            finding,
          },
        ];
      }
      return [{ kind: "value", sql: `SELECT ${sql}::${column.type}`, finding }];
    });
  }

  #trialsOfConstraints({ schema, name, query }: SyncTable): Trial[] {
    const table = this.#catalogue.tables.find((one) => one.schema === schema && one.name === name)!;
    const root = this.#rootOf(table);
    const placeOf = (column: SourceColumn): Place | undefined => {
      const treatment = this.#treatments.of(root.columns.find((one) => one.name === column.name) ?? column);
      return treatment?.kind === "transform" ? treatment.place : undefined;
    };
    const generated = table.columns.filter(({ generation }) => generation !== null);
    const own = quoteIdentifier(name);
    const results =
      generated.length === 0
        ? `(${query}) AS ${own}`
        : `(SELECT ${own}.*, ${generated.map((one) => `(${one.generation}) AS ${quoteIdentifier(one.name)}`).join(", ")} FROM (${query}) AS ${own}) AS ${own}`;
    const changed = table.columns.filter((column) => placeOf(column) !== undefined);
    const [first] = changed;
    if (first === undefined) return [];
    const trial = (column: SourceColumn, sql: string, message: string, fix: string): Trial => {
      const place = placeOf(column)!;
      const location = place.file.location(place.offset);
      return {
        kind: "count",
        sql,
        finding: { rule: "check-violated", message, fix, location, table: shownTable(table), column: column.name },
      };
    };
    const checks = table.checks.flatMap(({ name: check, columns, expression }): Trial[] => {
      const read = table.columns.filter(({ number }) => columns.includes(number));
      // A generated column may come of a transformed one.
      const column =
        changed.find((one) => read.includes(one)) ?? (read.some((one) => one.generated) ? first : undefined);
      if (column === undefined) return [];
      const message = `The constraint "${check}" of ${shownTable(table)} does not allow what the rules make: ${expression}`;
      return [
        trial(
          column,
          `SELECT count(*)::float8 AS refused FROM ${results} WHERE NOT ${expression}`,
          message,
          "Use a transform whose results it allows, a value, or skip the table",
        ),
      ];
    });
    const domains = changed
      .filter(({ isDomain }) => isDomain)
      .map((column): Trial => {
        const message = `The type ${column.type} of ${shownTable(table)}.${column.name} does not allow what its rule makes`;
        return trial(
          column,
          `SELECT count((${own}.${quoteIdentifier(column.name)})::${column.type})::float8 * 0 AS refused FROM ${results}`,
          message,
          "Use a transform whose results it allows, or a value",
        );
      });
    return [...checks, ...domains];
  }

  findings(): SyncFinding[] {
    const placed = this.#problems.map(({ rule, message, fix, place, table, column }) => ({
      rule,
      message,
      fix,
      location: place.file.location(place.offset),
      table,
      column,
    }));
    const at = ({ location }: SyncFinding): string =>
      `${location.file}:${String(location.line ?? 0).padStart(8, "0")}:${String(location.column ?? 0).padStart(6, "0")}`;
    return [...placed, ...this.#missing].toSorted((a, b) => (at(a) < at(b) ? -1 : at(a) > at(b) ? 1 : 0));
  }

  #layRules(): void {
    const taken = new Map<SourceTable, TableRule>();
    for (const rule of this.#rules.tables) {
      const { name, place } = rule;
      const table = this.#names.table(name);
      if (table === undefined) {
        const near = this.#names.suggestTable(name);
        const fix = near === undefined ? "Remove the rule, or write SCHEMA.TABLE" : `Did you mean "${near}"?`;
        this.#problems.push({ rule: "unknown-table", message: `There is no table "${name}"`, fix, place, table: name });
        continue;
      }
      const shown = shownTable(table);
      if (table.partitionOf !== null) {
        const root = shownTable(this.#rootOf(table));
        const message = `${shown} is a partition: it has the rules of ${root}`;
        this.#problems.push({ rule: "rule-of-partition", message, fix: `Write them at ${root}`, place, table: shown });
        continue;
      }
      const first = taken.get(table);
      if (first !== undefined) {
        const { file, offset } = first.place;
        const message = `The table ${shown} has rules in two places; the first is ${file.file}:${file.location(offset).line}`;
        this.#problems.push({ rule: "duplicate-rule", message, fix: "Put them in one place", place, table: shown });
        continue;
      }
      taken.set(table, rule);
      this.#ruleOf.set(table, rule);
      if (rule.mode === "rows") this.#treatments.add(table, rule);
      for (const { column, place: at } of rule.follow) {
        const found = columnNamed(table, column);
        const refers = this.#references.some(({ from, fromColumns }) => from === table && fromColumns.includes(found!));
        if (refers) continue;
        const message =
          found === undefined
            ? `The table ${shown} has no column "${column}"`
            : `${shown}.${column} refers to no other table`;
        this.#problems.push({ rule: "invalid-rule", message, fix: "Remove it", place: at, table: shown, column });
      }
    }
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

  #tableWithoutRule(table: SourceTable): SyncFinding {
    const shown = shownTable(table);
    const columns = table.columns.filter(({ generated }) => !generated);
    const lines = columns.map((column) => `    ${this.#lineFor(table, column)}`);
    const file = this.#rules.files[0]?.file ?? `${RULES_DIR}/tables.yaml`;
    return {
      rule: "table-without-rule",
      message: `No rule speaks of the table ${shown}`,
      fix: [
        `Add to ${file}, below \`tables:\`, with what becomes of each column (or \`${shown}: skip\` for none of its rows):`,
        `  ${shown}:`,
        ...lines,
      ].join("\n"),
      location: { file },
      table: shown,
      column: undefined,
    };
  }

  #columnsWithoutRule(table: SourceTable): void {
    const { place } = this.#ruleOf.get(table)!;
    for (const column of table.columns) {
      if (column.generated || this.#treatments.hasRule(column) || this.#treatments.of(column) !== undefined) continue;
      const shown = `${shownTable(table)}.${column.name}`;
      const { file, line } = place.file.location(place.offset);
      this.#missing.push({
        rule: "column-without-rule",
        message: `No rule says what becomes of the column ${shown} (${column.type})`,
        fix: `Add to ${file}, below line ${line}: ${this.#lineFor(table, column)}`,
        location: place.file.location(place.offset),
        table: shownTable(table),
        column: column.name,
      });
    }
  }

  /** The line of a rule for a column, to be decided upon. */
  #lineFor(table: SourceTable, column: SourceColumn): string {
    const name = yamlKey(column.name);
    const isKey = this.#references.some(({ from, fromColumns }) => from === table && fromColumns.includes(column));
    const guess = isKey ? "keep" : guessByName(column);
    return guess === undefined
      ? `${name}: "?"  # keep, if nothing in it is personal, or a transform`
      : `${name}: ${guess}`;
  }

  #rootOf(table: SourceTable): SourceTable {
    const parent = this.#catalogue.tables.find(({ oid }) => oid === table.partitionOf);
    return parent === undefined ? table : this.#rootOf(parent);
  }

  #partsOf(table: SourceTable): SourceTable[] {
    return this.#catalogue.tables.filter((part) => part !== table && this.#rootOf(part) === table);
  }

  #wish(table: SourceTable, keys: QueryKeys): Wish {
    const rule = this.#ruleOf.get(table)!;
    const parts: { sql: string; shown: string }[] = [];
    if (rule.rows !== undefined) parts.push({ sql: `(${rule.rows.text}\n)`, shown: rule.rows.text.trim() });
    if (rule.sample !== undefined) {
      const sample = this.#sample(table, rule, keys);
      if (sample !== undefined) parts.push(sample);
    }
    const isOwn = parts.length > 0;
    parts.push(...this.#tenantOf(table, rule));
    return {
      table,
      condition: parts.length === 0 ? undefined : parts.map(({ sql }) => sql).join(" AND "),
      isOwn,
      shown: parts.length === 0 ? undefined : parts.map(({ shown }) => shown).join(" and "),
      follow: ({ fromColumns, to }) => {
        // A column that is made NULL refers to nothing.
        if (fromColumns.some((from) => isNothing(this.#treatments.of(from)))) return "none";
        if (this.#ruleOf.get(to)?.mode === "skip") return "none";
        const names = new Set(fromColumns);
        return rule.follow.find((one) => names.has(columnNamed(table, one.column)!))?.direction;
      },
    };
  }

  /** Rows of other tenants that are copied although the rules ask for one. */
  #otherTenants(copied: readonly SourceTable[], graph: Graph): string[] {
    const { tenant } = this.#rules;
    if (tenant === undefined) return [];
    const asked = copied.filter((table) => this.#ruleOf.get(table)!.tenant);
    const whole = asked.filter((table) => !graph.isCut(table)).map(shownTable);
    const mixed = asked
      .filter((table) => graph.isAddedTo(table) && columnNamed(table, tenant.column) !== undefined)
      .map(shownTable);
    const which = `tenant (${tenant.column} = ${tenant.value})`;
    return [
      ...(whole.length === 0
        ? []
        : [
            `${which}: every row is copied of ${whole.join(", ")}, as nothing there says whose it is; give them \`rows:\`, or \`tenant: false\` where that is meant`,
          ]),
      ...(mixed.length === 0
        ? []
        : [
            `${which}: rows of other tenants are copied of ${mixed.join(", ")} where copied rows refer to them; \`follow: {COLUMN: none}\` leaves such references out`,
          ]),
    ];
  }

  /** The condition for the tenant, where the table has that column. */
  #tenantOf(table: SourceTable, rule: TableRule): (TenantCondition & { readonly shown: string })[] {
    const { tenant } = this.#rules;
    const column = tenant === undefined || !rule.tenant ? undefined : columnNamed(table, tenant.column);
    if (tenant === undefined || column === undefined) return [];
    const value = quoteLiteral(tenant.value);
    return [
      {
        table,
        column,
        sql: `(${quoteIdentifier(table.name)}.${quoteIdentifier(column.name)} = ${value})`,
        shown: `${writeIdentifier(column.name)} = ${value.trim()}`,
      },
    ];
  }

  #sample(table: SourceTable, rule: TableRule, keys: QueryKeys): { sql: string; shown: string } | undefined {
    const { share, place } = rule.sample!;
    const shown = shownTable(table);
    const key = table.unique.find(
      ({ isPlain, columns }) =>
        isPlain &&
        columns.length > 0 &&
        columns.every((number) => table.columns.find((one) => one.number === number)?.notNull === true),
    );
    if (key === undefined) {
      const message = `${shown} has no primary key, so there is nothing by which the same rows are chosen each time`;
      this.#problems.push({
        rule: "sample-without-key",
        message,
        fix: "Choose rows with a condition: rows: ...",
        place,
        table: shown,
      });
      return undefined;
    }
    const name = quoteIdentifier(table.name);
    const columns = key.columns.map((number) => table.columns.find((one) => one.number === number)!);
    const text = columns.map((column) => `${name}.${quoteIdentifier(column.name)}::text`).join(" || ',' || ");
    const digest = keys.alone(`sample:${table.schema}.${table.name}`, text);
    const limit = Math.round(share * 2 ** 32);
    return {
      sql: `(('x' || left(encode(${digest}, 'hex'), 8))::bit(32)::int8 & 4294967295 < ${limit})`,
      shown: `a sample of ${share * 100}%`,
    };
  }

  #endless(circle: readonly SourceTable[]): void {
    const table = circle.find((one) => (this.#ruleOf.get(one)?.follow.length ?? 0) > 0) ?? circle[0]!;
    const { place } = this.#ruleOf.get(table)!;
    const message = `${circle.map(shownTable).join(", ")} refer to each other in a circle, which cannot be followed down all around`;
    this.#problems.push({
      rule: "endless-follow",
      message,
      fix: "Follow one of the references up",
      place,
      table: shownTable(table),
    });
  }
}
