import type { Database } from "#database/database.ts";
import type { Catalogue } from "../catalogue/catalogue.ts";
import { type Change, compareCatalogues } from "../catalogue/changes.ts";
import { Statement } from "#sql/statement.ts";
import { namesFrom } from "#sql/lexer/token-names.ts";
import { unquoteNames } from "#sql/lexer/unquote.ts";
import { statementOf } from "../plan/statement.ts";
import { Meter } from "../trace/meter.ts";
import { carriedOver } from "./carried-over.ts";
import { codeNaming } from "./code-naming.ts";
import { findColumnChange } from "./column-change.ts";
import { columnSteps } from "./column-steps.ts";
import { type Effects, NO_EFFECTS } from "./effects.ts";
import { isOutside, measureStep, requireQuick } from "./measure-step.ts";
import type { PlanOptions, ProveRows } from "./options.ts";
import { unproven } from "./proof.ts";
import { proveRows } from "./prove-rows.ts";
import { proveTypeRows } from "./prove-type-rows.ts";
import { type MeasuredStatement, type Section, written } from "./section.ts";
import type { Rename } from "./renames.ts";
import { type Plan, readPlanned, type Step } from "./steps.ts";
import type { SyncedColumns } from "./synced-columns.ts";
import type { ColumnStep } from "./sync-parts.ts";
import { planTableRename } from "./table-rename.ts";
import { findTypeChange } from "./type-change.ts";
import { pathOf } from "./sync-path.ts";
import { typeSteps } from "./type-steps.ts";

/** A change in steps, and how it is tried with rows. */
interface ChangeInSteps {
  readonly steps: readonly ColumnStep[];
  readonly proveRows: ProveRows;
  readonly synced: readonly SyncedColumns[];
}

/** @throws ConfitureError `generate_refused` for what was asked for and cannot be made so */
async function findChange(
  database: Database,
  from: Catalogue,
  to: Catalogue,
  options: PlanOptions,
): Promise<ChangeInSteps | undefined> {
  const found = findColumnChange(from, to, options);
  if (found !== undefined) {
    const columns = { ...found, path: await pathOf(database, found) };
    return {
      steps: columnSteps(columns),
      synced: [columns],
      proveRows: async (own, texts) => await proveRows(own, texts, columns),
    };
  }
  if (options.convert !== undefined || options.renames.length > 0) return undefined;
  const types = findTypeChange(from, to, options.name);
  if (types === undefined) return undefined;
  return {
    steps: typeSteps(types),
    synced: types.tables,
    proveRows: async (own, texts) => await proveTypeRows(own, texts, types),
  };
}

/**
 * The plan for columns that others take the place of, or a table of another name, in steps that leave both releases of an
 * application at work; undefined where the difference is something else. Every statement of it is run in the scratch database, which is at
 * `from`, and at the other side afterwards.
 * @throws ConfitureError `generate_refused` for what was asked for and cannot be made so, and for a step that keeps others waiting
 */
export async function planInSteps(
  database: Database,
  from: Catalogue,
  to: Catalogue,
  options: PlanOptions,
): Promise<Plan | undefined> {
  const change = await findChange(database, from, to, options);
  if (change === undefined) return await planTableRename(database, from, to, options);
  const meter = await Meter.start(database);
  const sections: { part: string; up: Section; down: Section }[] = [];
  let before = from;
  for (const { part, about, options: marker, rows, losses, up, down, transactional } of change.steps) {
    const withRows = <T>(sql: string, statement: T): T => {
      const hazard = rows?.get(sql);
      return hazard === undefined ? statement : { ...statement, rows: hazard };
    };
    const statements: MeasuredStatement[] = [];
    if (part === "contract") before = await readPlanned(database, options);
    for (const sql of up) {
      const measured = await measureStep(database, meter, sql);
      requireQuick(part, measured);
      const loss = losses?.get(sql);
      statements.push(withRows(sql, loss === undefined ? measured : { ...measured, loss }));
    }
    const back = down.map((sql, index) =>
      withRows(sql, { ...statementOf(sql), effects: effectsOfWayBack(down, index) }),
    );
    const section: Section = { statements, transactional, marker };
    const wayBack: Section = { statements: back, transactional: !down.some(isOutside) };
    const own = about === undefined ? part : `${part}_${about}`;
    sections.push({ part: own, up: section, down: wayBack });
  }
  const contract = sections.at(-1)!;
  const after = await readPlanned(database, options);
  const lost = compareCatalogues(after, to).some(({ planned }) => planned)
    ? ((await carriedOver(database, meter, after, to)) ?? [])
    : [];
  const rest = compareCatalogues(await readPlanned(database, options), to).filter(({ planned }) => planned);
  if (rest.length > 0) {
    throw unproven("The steps were tried and do not carry everything over to the new columns", rest).with({
      hint: "Nothing was written. Drop what is listed in a migration before, and make it again in one behind the contract. Or write this migration by hand: confiture migrate new",
    });
  }
  if (lost.length > 0) {
    contract.up = { ...contract.up, statements: [...contract.up.statements, ...lost] };
    for (const { sql } of options.noDown ? [] : contract.down.statements) await database.execute(sql);
    const back = options.noDown ? [] : await carriedOver(database, meter, await readPlanned(database, options), before);
    contract.down = { ...contract.down, statements: [...contract.down.statements, ...(back ?? [])] };
  }
  const steps = sections.map(({ part, up, down }): Step => ({
    part,
    up: written(up),
    down: options.noDown ? undefined : written(down),
  }));
  const renames = options.convert === undefined && options.renames.length > 0 ? change.synced.flatMap(renamesIn) : [];
  const isRenamed = ({ name }: Change): boolean => renames.some((one) => name === one.from || name === one.to);
  return {
    steps,
    changes: compareCatalogues(from, to).filter((one) => one.kind !== "column" || !isRenamed(one)),
    renames,
    possibleRenames: [],
    byHand: { up: [], down: [] },
    proveRows: change.proveRows,
    synced: change.synced,
    // A column of another type keeps its name in the end.
    naming:
      options.convert === undefined && options.renames.length === 0
        ? []
        : change.synced.flatMap((one) => codeNaming(from, one)),
  };
}

/** Columns of one table under another name. Pure. */
function renamesIn({ schema, table, old, fresh }: SyncedColumns): Rename[] {
  const nameOf = (name: string): string => [schema, table, name].join(".");
  return old.map(({ name }, index) => ({ from: nameOf(name), to: nameOf(fresh[index]?.name ?? name) }));
}

/**
 * A way back that fills columns again writes every row in one transaction, and what stands before it has locked the table by then.
 * Pure.
 */
function effectsOfWayBack(statements: readonly string[], index: number): Effects {
  const tablesOf = (sql: string): string[] => {
    const tokens = Statement.of(sql).tokens();
    return tokens[0] === "UPDATE" ? namesFrom(tokens, 1).map(unquoteNames) : [];
  };
  const rewrites = tablesOf(statements[index] ?? "");
  return { ...NO_EFFECTS, rewrites, blocksReads: index === 0 ? statements.flatMap(tablesOf) : rewrites };
}
