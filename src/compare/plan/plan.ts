import { type Fact, type Facts, factsOf } from "../engine/facts.ts";
import { encodeId, type ObjectId } from "../engine/object-id.ts";
import { type Action, migrationActions, PlannerRefusal } from "../engine/actions.ts";
import { ConfitureError } from "#errors/error.ts";
import type { Catalogue } from "../catalogue/catalogue.ts";
import { asReadBack } from "./reread.ts";
import { riskOf, tablesMadeAnew } from "./risks.ts";
import { textOf, withoutObjects } from "../engine/lookups.ts";
import { enumChangeOf } from "./enum-columns.ts";
import { lateChildren, withoutLateParents } from "../kinds/late-parents.ts";
import { withoutDefaultRights } from "./default-rights.ts";
import { type PlannedStatement, statementOf } from "./statement.ts";
import { apart } from "./apart.ts";
import { withoutUsing } from "./automatic.ts";
import { typesAside, typesUnderOthersAside } from "./aside.ts";
import { collationsAsTypes, withCollationsAlone } from "./collations.ts";
import { planDeclarations } from "./declarations.ts";
import { expressionsFirst } from "./expressions-first.ts";
import { isMadeAnew, planMoves } from "./moves.ts";
import { keyedPartitionsLast } from "./keyed-partitions.ts";
import { boundFollowsType } from "./number-bounds.ts";
import { indexParametersSet } from "./index-parameters.ts";
import { keysFromIndexes } from "./keys-from-indexes.ts";
import { withoutReferences } from "./references.ts";
import { numbersGoOn } from "./numbers.ts";
import { numbersAgain } from "./numbers-again.ts";
import { takeovers, withNumbersKept } from "./numbers-kept.ts";
import { numbersOfPartitions, withSequencesKept } from "./numbers-of-partitions.ts";
import { withoutPartitionsOfDropped, withWholeTables } from "./whole-tables.ts";
import { withNotNullOnce } from "./not-null.ts";
import { requireNoArrays, withValuesByAttribute } from "./composites.ts";
import { declaredBeforeInherited, withColumnsDeclaredAgain } from "./declared-again.ts";
import { withSerials } from "./serials.ts";
import { withExpressionsSet } from "./set-expressions.ts";
import { withPlannerDetails } from "./planner-details.ts";
import { withRights } from "./object-rights.ts";
import { withExtras } from "./extras.ts";
import { withKeysApart, withoutKeyedPartitions } from "./partition-keys.ts";
import { partitionedIndexesFirst } from "./partitioned-indexes.ts";
import { withTypesTogether } from "./types-together.ts";
import { EXTRA_PROPERTIES, kindRules, withExtraFacts } from "./graph.ts";

/** What a plan may use. */
export interface Means {
  /** Major version of the database that it is for, where one is known: it may use what that has. */
  readonly postgres?: number | undefined;
  /** It is for schema files, in which no index is altered. */
  readonly ofFiles?: boolean | undefined;
}

/**
 * What to try next on the way from `from` to `to`: statements that nothing has run, maybe not in an order that works, or only the
 * first of them, where the rest has to be planned from what is there then. Whoever shows or keeps a plan makes it with
 * `planSteps`. Pure.
 * @throws ConfitureError `generate_refused` when no such statements are known
 */
export function planChanges(
  from: Catalogue,
  to: Catalogue,
  { ofFiles = false, postgres }: Means = {},
): readonly PlannedStatement[] {
  const first = [
    ...(ofFiles ? [] : [...keysFromIndexes(from, to.facts), ...indexParametersSet(from.facts, to.facts)]),
    ...planMoves(from.facts, to.facts, to.extras).first,
    ...planDeclarations(from.facts, to.facts),
    ...typesUnderOthersAside(from.facts, to.facts),
  ];
  if (first.length > 0) return first;
  try {
    return planAtOnce(from, to, postgres);
  } catch (error) {
    const aside = error instanceof ConfitureError ? typesAside(from.facts, to.facts) : [];
    if (aside.length > 0) return aside;
    throw error;
  }
}

function planAtOnce(from: Catalogue, to: Catalogue, postgres: number | undefined): PlannedStatement[] {
  const unkeyed = withoutKeyedPartitions(from.facts, to.facts);
  const moves = planMoves(withKeysApart(from.facts, unkeyed), unkeyed, to.extras);
  if (moves.first.length > 0) return [...moves.first];
  const [before, after] = withSameRoles(
    apart(withoutPartsOfReplaced(withNotNullOnce(moves.from, from, to), moves.to), from, to),
    withNotNullOnce(moves.to, to, to),
  );
  const late = lateChildren(to, from.facts);
  const alone = withoutLateParents(after, late);
  const converted = withValuesByAttribute(before, withCollationsAlone(before, alone));
  const target = withColumnsDeclaredAgain({ facts: converted, extras: to.extras });
  const actions = planActions(
    collationsAsTypes(before, alone),
    withExpressionsSet(target, from, to, postgres),
    from,
    to,
  ).filter((action) => isOfSchema(action, to.builder) && !isIdle(action, from.facts, to.facts));
  requireNoArrays(actions, from.facts, to.facts);
  const taken = takeovers(from.facts, to.facts);
  const rightful = withoutPartitionsOfDropped(withRights(once(actions), from, to), from.facts);
  const kept = withSequencesKept(withNumbersKept(rightful, taken), from.facts, to.facts);
  const whole = withSerials(withWholeTables(kept, from.facts, to.facts), to.facts);
  const early = { facts: withoutLateParents(to.facts, late), extras: to.extras };
  const right = declaredBeforeInherited(partitionedIndexesFirst(whole, to.facts), early);
  const defaultRights = withoutDefaultRights(from, to);
  const behind = new Map([
    ...numbersGoOn(right, taken, from.facts, to.facts),
    ...numbersOfPartitions(right, from.facts, to.facts),
  ]);
  const made = tablesMadeAnew(right, to.facts);
  const planned = right.flatMap((action, index) => [
    withBehind(toStatement(action, right[index - 1], from, to, made), behind.get(action)),
    ...defaultRights(action).map((sql) => ({ ...statementOf(sql), needs: action.produces })),
  ]);
  const all = [...planned, ...late.map(({ sql }) => statementOf(sql))];
  const [now, then] = withoutReferences(withExtras(all, from, to), moves.references);
  const sorted = keyedPartitionsLast(expressionsFirst([...now, ...moves.last, ...then]), to.facts);
  return withTypesTogether(sorted, to.facts);
}

/**
 * The planner gives some statements twice in a row, and takes a default that changes together with its column's type away and
 * sets it at two places: it goes at the first and comes at the last.
 */
function once(actions: readonly Action[]): Action[] {
  const last = new Map(actions.map(({ sql }, index) => [sql, index]));
  const first = new Map(actions.map(({ sql }, index) => [sql, index] as const).toReversed());
  return actions.filter(({ sql }, index) => {
    if (sql.includes(" SET DEFAULT ")) return last.get(sql) === index;
    if (sql.endsWith(" DROP DEFAULT")) return first.get(sql) === index;
    return sql !== actions[index + 1]?.sql;
  });
}

/** @throws ConfitureError `generate_refused` */
function planActions(before: Facts, after: Facts, from: Catalogue, to: Catalogue): readonly Action[] {
  const kinds = kindRules(from, to);
  const next = (one: Facts, other: Facts): readonly Action[] => migrationActions(one, other, kinds, EXTRA_PROPERTIES);
  try {
    const [source, target] = [withPlannerDetails(before, from), withPlannerDetails(after, to)];
    return planInAnyOrder(withExtraFacts(source, from, to), withExtraFacts(target, to, from), next);
  } catch (cause) {
    if (!(cause instanceof PlannerRefusal)) throw cause;
    throw new ConfitureError("generate_refused", `No plan can be made: ${why(cause)}`, {
      hint: "Write this change by hand: confiture migrate new",
      cause,
    });
  }
}

function why({ cycle, message }: PlannerRefusal): string {
  if (cycle.length === 0) return message;
  return ["these statements depend on each other in a cycle:", ...cycle.map(({ sql }) => `  ${sql}`)].join("\n");
}

/**
 * The planner knows no order where tables that are made anew refer to each other, to functions that take their rows, or to views of
 * their own rows. So these references, checks, policies, rules and functions go first, and the next round plans the rest and makes
 * them again.
 */
function planInAnyOrder(
  from: Facts,
  to: Facts,
  plan: (from: Facts, to: Facts) => readonly Action[],
): readonly Action[] {
  try {
    return plan(from, to);
  } catch (error) {
    if (!(error instanceof PlannerRefusal)) throw error;
    const dropped = new Set(
      error.cycle.flatMap(({ verb, destroys }) => (verb === "drop" ? destroys.slice(0, 1).map(encodeId) : [])),
    );
    const inTheWay = from.facts().flatMap((fact) => (isInCycle(fact, dropped, from) ? [fact.id] : []));
    if (inTheWay.length === 0) throw error;
    return plan(from, withoutObjects(from, inTheWay));
  }
}

/** @param dropped ids of what the statements of the cycle drop */
function isInCycle({ id, parent, payload }: Fact, dropped: ReadonlySet<string>, from: Facts): boolean {
  // What is on something that is made anew goes with it.
  if ("target" in id && dropped.has(encodeId(id))) return true;
  if (id.kind === "function" || id.kind === "procedure") return dropped.has(encodeId(id));
  if (parent === undefined || !dropped.has(encodeId(parent))) return false;
  if (id.kind === "constraint") return payload["type"] === "c" || payload["type"] === "f";
  // It goes with what it is on, which goes before what it needs.
  const needs = [id, ...from.outgoingEdges(id).map(({ to }) => to)].map(encodeId);
  return PARTS.has(id.kind) && needs.some((key) => key !== encodeId(parent) && dropped.has(key));
}

const PARTS: ReadonlySet<ObjectId["kind"]> = new Set(["policy", "rule", "trigger"]);

/** Defaults of a table that is made anew go with it, and so do comments and rights of its parts; the planner would take them away as well. */
function withoutPartsOfReplaced(from: Facts, to: Facts): Facts {
  const gone = from.facts().filter(({ id }) => {
    const table = tableOfPart(id);
    return table !== undefined && isMadeAnew(table, from, to);
  });
  return withoutObjects(
    from,
    gone.map(({ id }) => id),
  );
}

/** The table of a default, and of what is on a column, constraint, trigger or the like. */
function tableOfPart(id: ObjectId): { readonly schema: string; readonly name: string } | undefined {
  const part = "target" in id ? id.target : id.kind === "default" ? id : undefined;
  if (part !== undefined && "table" in part) return { schema: part.schema, name: part.table };
  // Rights to a column are on its table.
  return id.kind === "acl" && id.column !== undefined && part?.kind === "table" ? part : undefined;
}

/** Roles belong to the server: none comes or goes, and nothing is made anew because one does. */
function withSameRoles(from: Facts, to: Facts): [Facts, Facts] {
  const ofServer = ({ id }: Fact): boolean => id.kind === "role" || id.kind === "membership";
  const roles = new Map([...to.facts(), ...from.facts()].filter(ofServer).map((fact) => [encodeId(fact.id), fact]));
  const withRoles = (facts: Facts): Facts =>
    factsOf(facts, [...facts.facts().filter((fact) => !ofServer(fact)), ...roles.values()]);
  return [withRoles(from), withRoles(to)];
}

/**
 * Roles belong to the server, and what a scratch database's one user owns says nothing about ownership, unless it was
 * somebody else's before.
 */
function isOfSchema({ sql, produces, consumes, destroys, releases }: Action, builder: string | undefined): boolean {
  if ([...produces, ...destroys].some(({ kind }) => kind === "role" || kind === "membership")) return false;
  const isGivenToBuilder = consumes.some((id) => id.kind === "role" && id.name === builder);
  if (!isGivenToBuilder || !sql.endsWith(" OWNER TO CURRENT_USER")) return true;
  return releases.some(({ kind }) => kind === "role");
}

/**
 * Before a change of type, the planner takes a default away whether there is one or not; and it changes the bound that an identity has
 * with its type.
 */
function isIdle(action: Action, from: Facts, to: Facts): boolean {
  const {
    sql,
    verb,
    consumes: [column],
  } = action;
  if (isOwnComment(action, from)) return true;
  if (verb !== "alter" || column?.kind !== "column") return false;
  if (boundFollowsType(column, sql, from, to)) return true;
  return sql.endsWith(" DROP DEFAULT") && !from.childrenOf(column).some(({ id }) => id.kind === "default");
}

/** A new extension brings a comment along; where another is wanted, the next round finds that. */
function isOwnComment({ produces: [made] }: Action, from: Facts): boolean {
  return made?.kind === "comment" && made.target.kind === "extension" && !from.has(made.target);
}

function toStatement(
  action: Action,
  before: Action | undefined,
  from: Catalogue,
  to: Catalogue,
  made: ReadonlySet<string>,
): PlannedStatement {
  const { otherwise } = action;
  const values = enumChangeOf(action, from.facts, to.facts);
  const again = numbersAgain(action, from.facts, to.facts);
  const behind = again?.sql === undefined ? {} : { behind: again.sql };
  const isSet = again?.isSure === true && again.sql !== undefined;
  // What is set behind it need not be within the new bounds before.
  const instead = values?.sql ?? (isSet ? otherwise?.sql : undefined);
  return {
    sql: asReadBack(instead ?? plainConversion(action, from.facts, to.facts)),
    ...(otherwise === undefined || instead !== undefined
      ? {}
      : {
          otherwise: {
            ...otherwise,
            ...(otherwise.reason === "restart" ? behind : {}),
            sql: asReadBack(otherwise.sql),
          },
        }),
    ...(isSet ? behind : {}),
    ...riskOf(action, from.facts, to.facts, made),
    startsTransaction:
      action.newSegmentBefore ||
      action.transactionality === "nonTransactional" ||
      (before !== undefined && before.transactionality !== "transactional"),
    endsTransaction: action.transactionality === "commitBoundaryAfter",
    transactional: action.transactionality !== "nonTransactional",
    makes: action.produces,
    removes: action.destroys,
    needs: action.consumes,
  };
}

/** A column's change of type as short as PostgreSQL takes it. */
function plainConversion({ sql, verb, consumes: [column] }: Action, from: Facts, to: Facts): string {
  if (verb !== "alter" || column?.kind !== "column") return sql;
  const [before, after] = [from, to].map((facts) => textOf(facts, column, "type"));
  return before === undefined || after === undefined ? sql : withoutUsing(sql, before, from, after, to);
}

function withBehind(statement: PlannedStatement, behind: readonly string[] | undefined): PlannedStatement {
  return behind === undefined ? statement : { ...statement, behind };
}
