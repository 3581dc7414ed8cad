import type { ObjectId } from "../../engine/object-id.ts";
import type { AlterTableCmd } from "libpg-query";
import type { Facts } from "../../engine/facts.ts";
import type { Newcomer } from "../place.ts";
import type { Node } from "#sql/parser.ts";
import type { SchemaTree } from "../schema-tree.ts";
import type { Style } from "../style.ts";
import type { Reading } from "../../sources/readings.ts";
import type { Subject } from "../../sources/subjects.ts";
import type { Wording } from "../wording.ts";

/** One statement of the plan that the files have to follow. */
export interface Planned {
  /** As the planner wrote it, without a semicolon. */
  readonly sql: string;
  /** What has to be set for it; `textsOf` in `plan/statement.ts`. */
  readonly setting: string | undefined;
  readonly node: Node;
  readonly reading: Reading | undefined;
  /** What it is about first, for messages and for telling whether it is still planned in the next round. */
  readonly subject: Subject | undefined;
  /** The command, of an ALTER TABLE that has one. */
  readonly command: AlterTableCmd | undefined;
  readonly makes: readonly ObjectId[];
  readonly removes: readonly ObjectId[];
  readonly needs: readonly Subject[];
  /** Whether PostgreSQL does this by itself, together with another statement of the plan. */
  readonly isImplied: boolean;
}

/** What an edit works with. */
export interface Work {
  readonly tree: SchemaTree;
  readonly style: Style;
  /** Undefined once the words of the migrations did not do. */
  readonly wording: Wording | undefined;
  /** As `wording`, for what another statement of the plan makes. */
  readonly wordingOf: (subject: Subject) => Wording | undefined;
  /** What the files build now, and what they have to build. */
  readonly from: Facts;
  readonly to: Facts;
  /** The whole plan, in order. */
  readonly plan: readonly Planned[];
  /** Adds a statement where it belongs; returns the file. */
  readonly place: (newcomer: Omit<Newcomer, "strict">) => string;
  /** As `place`; undefined where the file that it belongs into is run too early for it. */
  readonly placeStrictly: (newcomer: Newcomer) => string | undefined;
}

/**
 * `edited`: within a statement; `renamed`: wherever the files speak of it; `replaced`: a whole statement by another; `removed`: a statement; `added`: a new one, which
 * makes something; `appended`: one that alters what another one made, where that could not be edited; `none`: nothing to do.
 */
export type How = "edited" | "renamed" | "replaced" | "removed" | "added" | "appended" | "none";

export interface Done {
  readonly how: How;
  readonly file: string | undefined;
}

export const NOTHING: Done = { how: "none", file: undefined };

/** One kind of edit. */
export interface EditKind {
  /**
   * Makes the files follow a planned statement.
   * @returns undefined for a statement that is not of its kind, or cannot be followed in place; the tree is as it was then
   */
  edit(planned: Planned, work: Work): Done | undefined;
}

export function edited(file: string): Done {
  return { how: "edited", file };
}
