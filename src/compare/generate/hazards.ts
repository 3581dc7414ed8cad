import type { ObjectId } from "../engine/object-id.ts";
import type { DataLoss, Hazard, RowsHazard, SecurityHazard } from "#sql/effects/hazard.ts";
import { SECRET } from "../catalogue/catalogue.ts";
import { partsOf, type PlannedStatement } from "../plan/statement.ts";
import type { MeasuredStatement, Section } from "./section.ts";

/**
 * What a statement that was run can do to a database in use, and to rows. Pure.
 * @param transactional whether it shares a transaction with the statements around it
 */
export function hazardsOf(statement: MeasuredStatement, transactional: boolean): Hazard[] {
  const { sql, security = [], effects, advice } = statement;
  const { rewrites, scans, blocksReads, blocksWrites } = effects;
  const isSlow = rewrites.length > 0 || scans.length > 0;
  const until = transactional ? "commit" : isSlow ? "end" : "moment";
  const relation = relationOf(statement);
  const about = relation === undefined ? {} : { relation };
  const lock = (blocks: "reads" | "writes", relations: readonly string[]): Hazard[] =>
    relations.length === 0 ? [] : [{ code: "LOCK", relations, blocks, until }];
  return [
    ...(SECRET.test(sql) ? [{ code: "SECRET" } as const] : []),
    ...OPENING.flatMap(([form, reason]) => (form.test(sql) ? [{ code: "SECURITY", reason, ...about } as const] : [])),
    ...security.map((hazard) => ({ ...about, ...hazard })),
    ...valueHazards(statement).map((hazard) => ({ ...hazard, ...about })),
    ...(rewrites.length === 0 ? [] : [{ code: "REWRITE", relations: rewrites } as const]),
    ...(scans.length === 0 ? [] : [{ code: "SCAN", relations: scans } as const]),
    ...(advice === undefined ? [] : [{ code: "ONLINE", advice } as const]),
    ...lock("reads", blocksReads),
    ...lock("writes", blocksWrites),
  ];
}

/** What is lost first, and each once, where several changes do the same to values. */
function valueHazards(statement: PlannedStatement): (DataLoss | RowsHazard)[] {
  const parts = partsOf(statement);
  const all = [...parts.flatMap(({ loss }) => loss ?? []), ...parts.flatMap(({ rows }) => rows ?? [])];
  return all.filter((hazard, index) => !all.slice(0, index).some((other) => Bun.deepEquals(hazard, other)));
}

/** One hazard of a plan, with the statement that it comes from. */
export interface PlannedHazard {
  readonly sql: string;
  readonly hazard: Hazard;
}

/** Those of all statements, in their order. Pure. */
export function hazardsIn({ statements, transactional }: Section): PlannedHazard[] {
  return statements.flatMap((statement) => {
    const parts = partsOf(statement).map((part) => ({ sql: part.sql, hazards: valueHazards(part) }));
    return hazardsOf(statement, transactional).map((hazard) => {
      const { relation: _relation, ...plain } = { relation: undefined, ...hazard };
      // Of several changes in one statement, the one that it comes from.
      const own = parts.find(({ hazards }) => hazards.some((other) => Bun.deepEquals(other, plain)));
      return { sql: own?.sql ?? statement.sql, hazard };
    });
  });
}

/** Statements that show more by what they say. */
const OPENING: readonly (readonly [form: RegExp, reason: SecurityHazard["reason"]])[] = [
  [/^ALTER TABLE .* DISABLE ROW LEVEL SECURITY$/s, "row-security-off"],
  [/^ALTER TABLE .* NO FORCE ROW LEVEL SECURITY$/s, "row-security-not-forced"],
  [/^GRANT .* TO (?:.*, )?PUBLIC(?: WITH GRANT OPTION)?$/s, "granted-to-public"],
  [/^ALTER DEFAULT PRIVILEGES .*\bGRANT .* TO (?:.*, )?PUBLIC$/s, "granted-to-public-later"],
  [/^CREATE USER MAPPING FOR PUBLIC /, "mapping-for-public"],
];

/** The table, view or sequence that it is about, qualified, as far as the planner says. */
function relationOf({ makes, removes, needs }: PlannedStatement): string | undefined {
  for (const id of [...makes, ...removes, ...needs]) {
    const name = nameOf("target" in id ? id.target : id);
    if (name !== undefined) return name;
  }
  return undefined;
}

function nameOf(id: ObjectId): string | undefined {
  if ("table" in id && "schema" in id) return `${id.schema}.${id.table}`;
  return RELATIONS.has(id.kind) && "schema" in id && "name" in id ? `${id.schema}.${id.name}` : undefined;
}

const RELATIONS: ReadonlySet<ObjectId["kind"]> = new Set<ObjectId["kind"]>([
  "table",
  "foreignTable",
  "view",
  "materializedView",
  "sequence",
]);
