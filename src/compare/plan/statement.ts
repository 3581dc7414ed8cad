import type { OtherForm } from "../engine/actions.ts";
import type { ObjectId } from "../engine/object-id.ts";
import type { DataLoss, RowsHazard, RowsReason, SecurityHazard } from "#sql/effects/hazard.ts";

/** One statement of a plan, with what is known of it without running it. */
export interface PlannedStatement {
  /** Without a semicolon. */
  readonly sql: string;
  /** As the planner writes it, where `sql` is what the schema files say. */
  readonly planned?: string;
  readonly otherwise?: OtherForm;
  /** What is gone afterwards, or may be. */
  readonly loss?: DataLoss;
  /** What rows that are there can do to it. */
  readonly rows?: RowsHazard;
  /** Who may see or write more. */
  readonly security?: readonly SecurityHazard[];
  /** What has to be set for it, and reset behind it: "search_path = ext". */
  readonly setting?: string;
  /** Statements that belong right behind it. */
  readonly behind?: readonly string[];
  /** The statements that it stands for, with what is known of each: what PostgreSQL may refuse together, it takes one by one. */
  readonly apart?: readonly PlannedStatement[];
  /** It cannot share a transaction with the statements before it. */
  readonly startsTransaction: boolean;
  /** What it makes can only be used after a COMMIT: a new value of an enum. */
  readonly endsTransaction: boolean;
  readonly transactional: boolean;
  /** It is a backfill, with these options on the marker of its file: "backfill:public.users key:ctid". */
  readonly backfill?: string;
  /** It takes back a property of what may be gone by then. */
  readonly ifThere?: boolean;
  /** The objects that it makes, takes away, and needs, as far as the planner says. */
  readonly makes: readonly ObjectId[];
  readonly removes: readonly ObjectId[];
  readonly needs: readonly ObjectId[];
}

/** The statements that one stands for, or itself. Pure. */
export function partsOf(statement: PlannedStatement): readonly PlannedStatement[] {
  return statement.apart ?? [statement];
}

/** A statement in its setting. Pure. */
export function textsOf({ sql, setting }: { readonly sql: string; readonly setting?: string | undefined }): string[] {
  return setting === undefined ? [sql] : [`SET ${setting}`, sql, `RESET ${setting.slice(0, setting.indexOf(" "))}`];
}

/** What rows can do to a statement. Pure. */
export function rowsHazard(reason: RowsReason, details: Omit<RowsHazard, "code" | "reason"> = {}): RowsHazard {
  return { code: "ROWS", reason, ...details };
}

/** What is gone with what a statement takes away or changes. Pure. */
export function lossHazard(reason: DataLoss["reason"], details: Omit<DataLoss, "code" | "reason"> = {}): DataLoss {
  return { code: "DATA_LOSS", reason, ...details };
}

/** A statement that no planner made. */
export function statementOf(sql: string): PlannedStatement {
  return {
    sql,
    startsTransaction: false,
    endsTransaction: false,
    transactional: true,
    makes: [],
    removes: [],
    needs: [],
  };
}
