import type { LockClass, RenameCandidate } from "@supabase/pg-delta";
import { type Action, plan } from "@supabase/pg-delta/plan";
import { ConfitureError } from "#errors/error.ts";
import type { Catalogue } from "./catalogue.ts";
import { describe } from "./changes.ts";

/** One statement of a plan, with what it does to a database in use. */
export interface PlannedStatement {
  /** Without a semicolon. */
  readonly sql: string;
  /** Rows or values are gone afterwards. */
  readonly losesData: boolean;
  /** The table may be written anew, row by row. */
  readonly rewrites: boolean;
  /** It fails on rows that are there: a new column or constraint that allows no NULL. */
  readonly needsNoRows: boolean;
  /** The strongest lock on an existing table, in PostgreSQL's words; undefined for none that matters. */
  readonly lock: string | undefined;
  /** It cannot share a transaction with the statements before it. */
  readonly startsTransaction: boolean;
  /** What it makes can only be used after a COMMIT: a new value of an enum. */
  readonly endsTransaction: boolean;
  readonly transactional: boolean;
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
  const actions = chosen.actions.filter(isOfSchema);
  return {
    statements: actions.map((action, index) => toStatement(action, actions[index - 1])),
    possibleRenames: candidates.filter((candidate) => !accepted.includes(candidate)).map(toPossibleRename),
  };
}

/** Roles belong to the server, and what a scratch database's one user owns says nothing about ownership. */
function isOfSchema({ sql, produces, destroys }: Action): boolean {
  if ([...produces, ...destroys].some(({ kind }) => kind === "role" || kind === "membership")) return false;
  return !/ OWNER TO "?postgres"?$/.test(sql);
}

function isRename({ from, to }: RenameCandidate, rename: Rename): boolean {
  return describe(from).name === rename.from && describe(to).name === rename.to;
}

function toPossibleRename({ kind, from, to, status }: RenameCandidate): PossibleRename {
  return { kind, from: describe(from).name, to: describe(to).name, certain: status === "unambiguous" };
}

const LOCKS: Readonly<Record<LockClass, string | undefined>> = {
  none: undefined,
  share: "SHARE: blocks writes",
  shareRowExclusive: "SHARE ROW EXCLUSIVE: blocks writes",
  shareUpdateExclusive: undefined,
  accessExclusive: "ACCESS EXCLUSIVE: blocks reads and writes",
};

function toStatement(action: Action, before: Action | undefined): PlannedStatement {
  return {
    sql: action.sql.trim().replace(/;$/, ""),
    losesData: action.dataLoss === "destructive",
    rewrites: action.rewriteRisk,
    needsNoRows: /\bADD COLUMN\b.*\bNOT NULL\b/.test(action.sql) && !/\b(DEFAULT|GENERATED)\b/.test(action.sql),
    lock: LOCKS[action.lockClass],
    startsTransaction:
      action.newSegmentBefore ||
      action.transactionality === "nonTransactional" ||
      (before !== undefined && before.transactionality !== "transactional"),
    endsTransaction: action.transactionality === "commitBoundaryAfter",
    transactional: action.transactionality !== "nonTransactional",
  };
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
