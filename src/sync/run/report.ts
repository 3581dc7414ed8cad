import type { Database, OpenOptions } from "#database/database.ts";
import type { Target } from "#database/target.ts";
import type { LeftOut } from "#compare/copiable.ts";
import type { ScratchSite } from "#scratch/site.ts";
import type { DocumentPaths } from "../document-paths.ts";
import type { SyncPlan } from "../plan.ts";
import type { SyncEvent, TableReport } from "./events.ts";
import type { ExtensionTables } from "./extension-tables.ts";
import type { TableSize } from "./pieces.ts";
import type { Ruled } from "./leak-advice.ts";
import type { EmptyView } from "./materialized-views.ts";
import type { Proof } from "./proof.ts";
import type { MovedSequence } from "./sequences.ts";
import type { Durations } from "./laps.ts";
import type { PreparedTarget } from "./prepared-target.ts";

export interface SyncOptions {
  readonly source: { readonly target: Target; readonly name: string };
  readonly target: {
    readonly target: Target;
    readonly name: string;
    /** Whether its environment says that a copy may take its place. */
    readonly isReplaceable?: boolean;
  };
  /** Streams at a time; 1 where an embedded database takes part. */
  readonly jobs: number;
  /** The ledger's name. */
  readonly table: string;
  /** Milliseconds to wait for tables that are locked on the source. */
  readonly lockTimeout: number;
  /** Whether large objects may be left out. */
  readonly skipLargeObjects: boolean;
  /** Whether rows of extensions' tables may be left out. */
  readonly skipExtensionTables: boolean;
  /** Where definitions are put into the same words when the catalogues are compared. */
  readonly scratch: ScratchSite;
  /** Makes the plan from what a session sees of the source. */
  readonly plan: (database: Database) => Promise<SyncPlan>;
  /** What the plan is made of, so that other rules can be tried; not without rules. */
  readonly ruled?: Ruled;
  readonly connect?: Pick<OpenOptions, "wait" | "onRetry">;
  readonly signal?: AbortSignal | undefined;
  readonly onEvent: (event: SyncEvent) => void;
  /** What `tellBefore` has said of the plan: a run says nothing of it again. */
  readonly told?: DocumentPaths;
}

/** What a run would do. */
export interface SyncPreview {
  readonly plan: SyncPlan;
  /** What it does that somebody may not expect. */
  readonly about: DocumentPaths;
  readonly sizes: readonly TableSize[];
  /** How many rows are copied of each table of which some are left out, by its name for people. */
  readonly chosen: ReadonlyMap<string, number>;
}

/** What a run did. */
export interface SyncReport {
  readonly plan: SyncPlan;
  readonly tables: readonly TableReport[];
  readonly ledgers: readonly { readonly table: string; readonly rows: number }[];
  readonly left: LeftOut & { readonly materializedViews: readonly EmptyView[] };
  readonly extensionTables: ExtensionTables;
  /** Sequences that could not be read, those that were set beyond numbers of a rule, and columns that are ahead of theirs, as on the source. */
  readonly sequences: {
    readonly set: number;
    readonly unreadable: readonly string[];
    readonly moved: readonly MovedSequence[];
    readonly behind: readonly string[];
  };
  readonly foreignKeys: number;
  readonly proof: Proof;
  readonly snapshot: { readonly lsn: string | null; readonly takenAt: string };
  readonly place: PreparedTarget["place"];
  readonly removed: readonly string[];
  readonly durations: Durations;
}
