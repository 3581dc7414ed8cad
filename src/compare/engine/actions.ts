import { plan } from "@supabase/pg-delta/plan";
import { engineFacts, type Fact, type Facts, type Value } from "./facts.ts";
import type { MadeTable } from "./made-table.ts";
import { encodeId, extraId, type ObjectId } from "./object-id.ts";

/** One statement as the planner gives it: not run, and maybe not right. */
export interface Action {
  readonly sql: string;
  /** Of a table with a list of columns, the same in parts. */
  readonly table?: MadeTable;
  /** Of a column or constraint that is added, what it would be in the list of its table: `CONSTRAINT name ...`. */
  readonly element?: string;
  readonly otherwise?: OtherForm;
  readonly verb: "create" | "alter" | "drop";
  readonly produces: readonly ObjectId[];
  readonly consumes: readonly ObjectId[];
  readonly destroys: readonly ObjectId[];
  /** What it does not refer to any more afterwards. */
  readonly releases: readonly ObjectId[];
  readonly transactionality: "transactional" | "nonTransactional" | "commitBoundaryAfter";
  /** It needs a COMMIT before it. */
  readonly newSegmentBefore: boolean;
  readonly dataLoss: "none" | "destructive";
  /** It may write every row anew. */
  readonly rewriteRisk: boolean;
}

/** What does nearly the same as a statement that PostgreSQL refuses, and what it does to rows or numbers for that. */
export type OtherForm =
  | { readonly reason: "no-update-path"; readonly sql: string; readonly behind: readonly string[] }
  | { readonly reason: "not-filled"; readonly sql: string }
  | { readonly reason: "restart"; readonly sql: string; readonly behind?: readonly string[] }
  | { readonly reason: "unreadable-text"; readonly sql: string; readonly type: string };

/** The planner knows no statements, or no order of them. */
export class PlannerRefusal extends Error {
  /** The actions that wait for each other; none where that is not why. */
  readonly cycle: readonly Action[];

  constructor(cause: unknown) {
    super((cause as Error).message, { cause });
    this.cycle = (cause as { readonly cycle?: readonly Action[] }).cycle ?? [];
  }
}

/** The statements for one kind of objects that the planner knows nothing of. */
export interface KindRules {
  /** Of what is ready at the same time, what has less comes first: functions have 8, views 12 (plan/rules of pg-delta). */
  readonly weight: number;
  create(fact: Fact): readonly string[];
  drop(fact: Fact): string;
  /** Undefined where there is no other way than to make it anew. */
  alter(fact: Fact, property: string, from: Value): readonly string[] | undefined;
}

/**
 * What brings a database from one state to another. Pure.
 * @param kinds by what follows `extraId`: the kinds of facts that have such ids, with their properties
 * @throws PlannerRefusal
 */
export function migrationActions(
  from: Facts,
  to: Facts,
  kinds: ReadonlyMap<string, KindRules>,
  properties: readonly string[],
): readonly Action[] {
  const intentRules = new Map([...kinds].map(([kind, rules]) => [intentKey(kind), rulesOf(rules, properties)]));
  return actionsOf(from, to, { renames: "off", intentRules });
}

/** As rules.ts of pg-delta makes it. */
function intentKey(kind: string): string {
  const id = extraId(kind, []);
  return id.kind === "extensionIntent" ? `${id.ext}\0${id.intentKind}` : kind;
}

type PlannerRules =
  NonNullable<NonNullable<Parameters<typeof plan>[2]>["intentRules"]> extends ReadonlyMap<string, infer Rules>
    ? Rules
    : never;

function rulesOf(rules: KindRules, properties: readonly string[]): PlannerRules {
  const alters = (property: string): PlannerRules["attributes"][string] => ({
    alter: (fact, before, _, view, sourceView) => {
      const [needed, needs] = [sourceView, view].map((side) => side.outgoingEdges(fact.id).map(({ to }) => to));
      const kept = new Set(needs!.map(encodeId));
      const releases = needed!.filter((id) => !kept.has(encodeId(id)));
      return (rules.alter(fact, property, before) ?? []).map((sql) => ({ sql, consumes: needs!, releases }));
    },
    replaceWhen: (before, _, fact) => rules.alter(fact, property, before) === undefined,
  });
  return {
    weight: rules.weight,
    create: (fact) => rules.create(fact).map((sql) => ({ sql })),
    drop: (fact) => ({ sql: rules.drop(fact) }),
    attributes: Object.fromEntries(properties.map((property) => [property, alters(property)])),
  };
}

/**
 * What makes everything in an empty database, whose server has the roles. Pure.
 * @param compact whether what belongs to a table is made with it, as far as that changes nothing
 * @throws PlannerRefusal
 */
export function creationActions(from: Facts, to: Facts, compact: boolean): readonly Action[] {
  const assumedRoles = to.facts().flatMap(({ id }) => (id.kind === "role" ? [id.name] : []));
  return actionsOf(from, to, { scope: "database", assumedRoles, compact });
}

function actionsOf(from: Facts, to: Facts, options: Parameters<typeof plan>[2]): readonly Action[] {
  try {
    return plan(engineFacts(from), engineFacts(to), options).actions;
  } catch (cause) {
    throw new PlannerRefusal(cause);
  }
}
