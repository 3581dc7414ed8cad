import type { Database } from "#database/database.ts";
import { quoteIdentifier, quoteLiteral, quoteQualified, reportedName } from "#sql/quote.ts";
import type { SyncColumn, SyncPlan, SyncTable } from "../plan.ts";
import { rootName } from "../roots.ts";
import { type Check, type Prover, runChecks } from "./checks.ts";
import { haveNothingInCommon } from "./common-values.ts";
import { Comparison } from "./digests.ts";
import type { SyncEvent } from "./events.ts";
import { countOtherForms } from "./other-forms.ts";
import { namingSide, readingFailed } from "./reading-failed.ts";
import { lookBehind } from "./look-behind.ts";
import type { ColumnResult, Leak } from "./proof-result.ts";
import { compareRows } from "./row-proof.ts";
import { NOTHING_SCANNED, prepareScan, type Scanned, type Search, type TableName } from "./scan.ts";
import { TOKEN_NAMES } from "./tokens.ts";
import { NOT_COMPARED, proveValue } from "./value-proof.ts";
import { countLike, type Part, partsOf } from "./written.ts";

/** What was looked at, and what came of it. No value is ever in it. */
export interface Proof {
  readonly columns: readonly ColumnResult[];
  readonly leaks: readonly Leak[];
  /**
   * Originals of tables that are left out, or in the text of the schema: no rule says that they may not be in the copy. And numbers that
   * may be originals by chance.
   */
  readonly noticed: readonly Leak[];
  readonly scanned: Scanned;
}

export interface ProofOptions {
  readonly plan: SyncPlan;
  /** Whether the plan has the key of the copy, so that it makes the same results. */
  readonly hasKey: boolean;
  /** Whether all of the target was made by the plan a moment ago, so that nobody can have changed it. */
  readonly isFresh: boolean;
  /** Checks at a time. */
  readonly jobs: number;
  /** Opens sessions, for one check after the other. Those of a server are closed in the end. */
  readonly openSource: () => Promise<Database>;
  readonly openTarget: () => Promise<Database>;
  /** Ledgers in the target, which hold names of migrations and nothing of any table. */
  readonly ledgers: readonly TableName[];
  readonly onEvent: (event: SyncEvent) => void;
}

/** Whether a plan replaces anything, or leaves tables out whose originals are looked for. */
export function hasToProve({ tables }: SyncPlan): boolean {
  return tables.some(
    ({ mode, columns, behind = [], unnamed = [] }) =>
      behind.length + unnamed.length > 0 ||
      (mode !== "skip" && columns.some(({ treatment }) => treatment === "transform")),
  );
}

/** Proves of a copy that no original of a transformed column is in it. */
export async function prove(options: ProofOptions): Promise<Proof> {
  const { onEvent } = options;
  let { plan } = options;
  const transformed = plan.tables.flatMap((table) =>
    table.mode === "skip"
      ? []
      : table.columns.filter(({ treatment }) => treatment === "transform").map((column) => ({ table, column })),
  );
  if (!hasToProve(plan)) return { columns: [], leaks: [], noticed: [], scanned: NOTHING_SCANNED };
  const opened: Database[] = [];
  const provers: Prover[] = [];
  const openProvers = async (most: number): Promise<void> => {
    while (provers.length < Math.min(options.jobs, most)) {
      const source = await options.openSource();
      opened.push(source);
      const target = await options.openTarget();
      opened.push(target);
      const sides = [namingSide(source, "source"), namingSide(target, "target")] as const;
      provers.push(await readingOf(undefined, () => proverOf(...sides, plan)));
    }
  };
  try {
    await openProvers(1);
    const looked = await readingOf(undefined, () => lookBehind(provers[0]!.source, plan));
    plan = looked.plan;
    const { scanned: searched, searches } = await readingOf(undefined, () =>
      prepareScan(provers[0]!.source, provers[0]!.target, plan, options.ledgers, options.isFresh),
    );
    const scanned = { ...searched, unread: [...searched.unread, ...looked.unread] };
    const proven = new Map<SyncColumn, readonly ColumnResult[]>();
    const ofColumn = ({ table, column }: (typeof transformed)[number]): Check => ({
      // The transform is computed once more, for each row.
      isLong: column.proof.kind === "differs",
      run: async (prover) => {
        const name = reportedName(table.schema, table.name);
        onEvent({ type: "check", column: `${name}.${column.name}` });
        proven.set(column, await readingOf(name, () => proveColumn(prover, table, column, options)));
        return [];
      },
    });
    const ofShapes = (table: SyncTable): Check => ({
      isLong: false,
      run: async ({ source, target }) => {
        const name = reportedName(table.schema, table.name);
        onEvent({ type: "check", column: name });
        const found = await readingOf(name, () => proveShapes(source, target, table));
        for (const [column, result] of found) proven.set(column, [result]);
        return transformed.filter((one) => one.table === table && !found.has(one.column)).map(ofColumn);
      },
    });
    const leaks: Leak[] = [];
    const ofSearch = (find: Search): Check => ({
      // All of the text is read.
      isLong: true,
      run: async ({ comparison, source, target }) => {
        leaks.push(...(await readingOf(undefined, () => find(comparison, source, target))));
        return [];
      },
    });
    const written = new Map<string, number>();
    const ofWritten = ({ table, column }: (typeof transformed)[number]): Check => ({
      isLong: false,
      run: async ({ target }) => {
        const name = reportedName(table.schema, table.name);
        for (const part of partsOf(table, column)) {
          const count = await readingOf(name, () => countLike(target, table, part, false));
          if (count > 0) written.set(part.name, count);
        }
        return [];
      },
    });
    const otherForms = new Map<SyncColumn, number>();
    const ofForms = ({ table, column }: (typeof transformed)[number]): Check => ({
      isLong: false,
      run: async ({ source }) => {
        const name = reportedName(table.schema, table.name);
        const count = await readingOf(name, () => countOtherForms(source, table, column));
        if (count > 0) otherForms.set(column, count);
        return [];
      },
    });
    const shaped = new Set(
      plan.tables.filter(({ mode, columns }) => mode === "rows" && columns.some(({ shape }) => shape !== undefined)),
    );
    const told =
      searches.length === 0
        ? []
        : transformed.filter(({ column: { transform } }) => transform === "email" || transform === "phone");
    const checks = [
      ...searches.map(ofSearch),
      ...transformed.filter(({ table }) => !shaped.has(table)).map(ofColumn),
      ...[...shaped].map(ofShapes),
      ...told.map(ofForms),
      // Nobody can have written into a new copy.
      ...(options.isFresh ? [] : transformed.map(ofWritten)),
    ];
    onEvent({ type: "step", step: "Proving that no original is in its column of the copy" });
    if (searches.length > 0) {
      const kinds = scanned.kinds.map((kind) => TOKEN_NAMES[kind]).join(", ");
      onEvent({ type: "step", step: `Searching the copy for originals (${kinds})` });
    }
    await openProvers(transformed.length + told.length + searches.length);
    await runChecks(provers, checks);
    const columns = transformed.flatMap(({ column }) => {
      const [first, ...paths] = proven.get(column) ?? [];
      const others = otherForms.get(column);
      const found =
        first === undefined ? [] : [others === undefined ? first : { ...first, otherForms: others }, ...paths];
      return found.map((one) => {
        const number = written.get(one.column);
        return number === undefined ? one : { ...one, written: number };
      });
    });
    const isMeant = ({ isGuessed, isInSchema, mayBeChance }: Leak): boolean =>
      isGuessed === true || isInSchema === true || mayBeChance === true;
    return { columns, leaks: leaks.filter((leak) => !isMeant(leak)), noticed: leaks.filter(isMeant), scanned };
  } finally {
    await Promise.all(opened.filter(({ engine }) => engine === "server").map((session) => session.close()));
  }
}

async function proverOf(source: Database, target: Database, plan: SyncPlan): Promise<Prover> {
  // Compiling takes longer than what most of these queries do.
  for (const side of [source, target]) await side.execute("set row_security = off; set jit = off");
  // Looking at a text takes far longer than handing it on, which the planner does not know. The source has other work.
  await target.execute("set parallel_tuple_cost = 0");
  for (const { name, value } of plan.settings)
    await source.query("select pg_catalog.set_config($1, $2, false)", [name, value]);
  return { source, target, comparison: await Comparison.between([source, target]) };
}

async function readingOf<T>(table: string | undefined, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw readingFailed(error, table, "both");
  }
}

/** Columns with a shape that are looked at in one query: each takes two of the 1,664 places of a result. */
const SHAPES = 500;

/**
 * Columns of a table whose results all have a shape that no original has: then no value is both. That takes one look at each side, and
 * nothing has to be sorted.
 * @returns only columns of which it holds; of the others it says nothing
 */
async function proveShapes(
  source: Database,
  target: Database,
  table: SyncTable,
): Promise<ReadonlyMap<SyncColumn, ColumnResult>> {
  const found = new Map<SyncColumn, ColumnResult>();
  const shaped = table.columns.filter(({ shape }) => shape !== undefined);
  for (let from = 0; from < shaped.length; from += SHAPES) {
    const columns = shaped.slice(from, from + SHAPES);
    const [originals, results] = await Promise.all([
      source.query<Record<string, number>>(countShapes(table, columns, true)),
      target.query<Record<string, number>>(countShapes(table, columns, false)),
    ]);
    for (const [index, column] of columns.entries()) {
      if (originals[0]?.[`odd${index}`] !== 0 || results[0]?.[`odd${index}`] !== 0) continue;
      found.set(column, {
        ...aboutOf(table, column),
        how: "no value in common",
        holds: true,
        originals: originals[0][`all${index}`] ?? 0,
        results: results[0][`all${index}`] ?? 0,
        same: 0,
      });
    }
  }
  return found;
}

/** A query for how many values there are of each column, and how many of them have its shape or have not. */
function countShapes(table: SyncTable, columns: readonly SyncColumn[], has: boolean): string {
  const counts = columns.flatMap(({ name, shape = "" }, index) => {
    // A collation of its own might not know LIKE.
    const value = `(source.${quoteIdentifier(name)}::pg_catalog.text collate pg_catalog."C")`;
    const like = `${value} operator(pg_catalog.${has ? "~~" : "!~~"}) ${quoteLiteral(shape)}`;
    return [
      `(pg_catalog.count(*) filter (where ${value} operator(pg_catalog.<>) ''))::pg_catalog.float8 as all${index}`,
      `(pg_catalog.count(*) filter (where ${like}))::pg_catalog.float8 as odd${index}`,
    ];
  });
  return `select ${counts.join(", ")} from only ${quoteQualified(table.schema, table.name)} source`;
}

type About = Pick<ColumnResult, "column" | "table" | "part" | "transform">;

/** @param part of the column, where it is not the column itself */
function aboutOf(table: SyncTable, { name, transform = "" }: SyncColumn, part?: Part): About {
  const path = part?.path === undefined ? "" : ` ${part.path}`;
  return {
    column: `${reportedName(table.schema, table.name, name)}${path}`,
    table: rootName(table),
    part: `${reportedName(name)}${path}`,
    transform: part?.transform ?? transform,
  };
}

async function proveColumn(
  prover: Prover,
  table: SyncTable,
  column: SyncColumn,
  { hasKey, isFresh }: ProofOptions,
): Promise<ColumnResult[]> {
  const results: ColumnResult[] = [];
  for (const part of partsOf(table, column)) {
    const { transform, proof } = part;
    const found =
      proof.kind === "disjoint"
        ? await haveNothingInCommon(prover, table, part)
        : proof.kind === "differs"
          ? await compareRows({ ...prover, table, column, hasKey, isFresh, chance: proof.chance, ...part })
          : transform === "value"
            ? await proveValue(prover, table, part, isFresh)
            : NOT_COMPARED;
    results.push({ ...aboutOf(table, column, part), ...found });
  }
  return results;
}
