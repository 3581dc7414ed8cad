import type { RenameCandidate } from "@supabase/pg-delta";
import type { StableId } from "@supabase/pg-delta/core";
import { type Action, plan } from "@supabase/pg-delta/plan";
import { ConfitureError } from "#errors/error.ts";
import { quoteIdentifier } from "#sql/quote.ts";
import type { Catalogue } from "./catalogue.ts";
import { describe } from "./changes.ts";
import { riskOf } from "./risks.ts";

/** One statement of a plan, with what is known of it without running it. */
export interface PlannedStatement {
  /** Without a semicolon. */
  readonly sql: string;
  /** What is gone afterwards, or may be: "its rows are gone". */
  readonly loss?: string;
  /** What rows that are there can do to it: "fails if two share a key". */
  readonly rows?: string;
  /** It cannot share a transaction with the statements before it. */
  readonly startsTransaction: boolean;
  /** What it makes can only be used after a COMMIT: a new value of an enum. */
  readonly endsTransaction: boolean;
  readonly transactional: boolean;
  /** The objects that it makes, takes away, and needs, as far as the planner says. */
  readonly makes: readonly StableId[];
  readonly removes: readonly StableId[];
  readonly needs: readonly StableId[];
}

/** A dropped and an added object that look like one that was renamed. */
export interface PossibleRename {
  readonly kind: string;
  /** Qualified names. */
  readonly from: string;
  readonly to: string;
  /** False when several objects would fit, or when it fits only in part. */
  readonly certain: boolean;
}

export interface SchemaPlan {
  readonly statements: readonly PlannedStatement[];
  /** Found and not asked for. */
  readonly possibleRenames: readonly PossibleRename[];
}

/** A rename that a person asked for, by qualified names. */
export interface Rename {
  readonly from: string;
  readonly to: string;
}

/**
 * The statements that turn `from` into `to`, in an order that works. Pure.
 * @param renames dropped and added objects to take for one and the same
 * @throws ConfitureError `generate_refused` when no such statements are known
 */
export function planChanges(from: Catalogue, to: Catalogue, renames: readonly Rename[] = []): SchemaPlan {
  try {
    return makePlan(from, to, renames);
  } catch (cause) {
    // The planner throws plain errors for changes that it cannot make.
    throw new ConfitureError("generate_refused", `No plan can be made: ${(cause as Error).message}`, {
      hint: "Write this change by hand: confiture migrate new",
      cause,
    });
  }
}

function makePlan(from: Catalogue, to: Catalogue, renames: readonly Rename[]): SchemaPlan {
  const options = { renames: "prompt" } as const;
  const unrenamed = plan(from.facts, to.facts, options);
  const candidates = unrenamed.renameCandidates;
  const accepted = candidates.filter((candidate) => renames.some((rename) => isRename(candidate, rename)));
  const acceptRenames = accepted.map((candidate) => ({ from: candidate.from, to: candidate.to }));
  const chosen = accepted.length === 0 ? unrenamed : plan(from.facts, to.facts, { ...options, acceptRenames });
  const actions = chosen.actions.filter((action) => isOfSchema(action, to.builder));
  return {
    statements: actions.map((action, index) => toStatement(action, actions[index - 1], from, to)),
    possibleRenames: candidates.filter((candidate) => !accepted.includes(candidate)).map(toPossibleRename),
  };
}

/** Roles belong to the server, and what a scratch database's one user owns says nothing about ownership. */
function isOfSchema({ sql, produces, destroys }: Action, builder: string | undefined): boolean {
  if ([...produces, ...destroys].some(({ kind }) => kind === "role" || kind === "membership")) return false;
  return builder === undefined || !sql.endsWith(` OWNER TO ${quoteIdentifier(builder)}`);
}

/** Default privileges of whoever runs the files, which is another role wherever they run. */
function ofWhoeverRuns(sql: string, builder: string | undefined): string {
  if (builder === undefined) return sql;
  const begin = "ALTER DEFAULT PRIVILEGES ";
  const role = `FOR ROLE ${quoteIdentifier(builder)} `;
  return sql.startsWith(begin + role) ? begin + sql.slice(begin.length + role.length) : sql;
}

function isRename({ from, to }: RenameCandidate, rename: Rename): boolean {
  return describe(from).name === rename.from && describe(to).name === rename.to;
}

function toPossibleRename({ kind, from, to, status }: RenameCandidate): PossibleRename {
  return { kind, from: describe(from).name, to: describe(to).name, certain: status === "unambiguous" };
}

function toStatement(action: Action, before: Action | undefined, from: Catalogue, to: Catalogue): PlannedStatement {
  return {
    sql: onAllPartitions(ofWhoeverRuns(action.sql.trim().replace(/;$/, ""), to.builder)),
    ...riskOf(action, from.facts, to.facts),
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

/** PostgreSQL shows an index of a partitioned table as ON ONLY, which would leave the partitions without. */
function onAllPartitions(sql: string): string {
  return sql.replace(/^(CREATE (?:UNIQUE )?INDEX (?:[\w$]+|"(?:[^"]|"")+") ON) ONLY /, "$1 ");
}

/** The SQL alone, for a difference that is shown in any case; none where no plan can be made. */
export function planSql(from: Catalogue, to: Catalogue): string[] {
  try {
    return planChanges(from, to).statements.map(({ sql }) => sql);
  } catch (error) {
    if (error instanceof ConfitureError) return [];
    throw error;
  }
}
