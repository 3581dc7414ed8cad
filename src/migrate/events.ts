import type { FolderHolder, Notice } from "#database/database.ts";
import type { ConfitureError, Location } from "#errors/error.ts";
import type { Ignored } from "./layouts/layout.ts";
import type { MigrationFile } from "./files/migration-file.ts";
import type { Progress } from "./fill/progress.ts";
import type { LockHolder } from "./run/lock.ts";
import type { StatementProgress, Wait } from "./run/waits.ts";

export type Direction = "up" | "down";

/** What happens during a run, for whoever shows it. */
export type MigrateEvent =
  | { readonly type: "waiting-for-server"; readonly error: ConfitureError }
  /** The server does not know these settings; what they are for is not done there. */
  | { readonly type: "settings-lacking"; readonly names: readonly string[] }
  /** Another process has the embedded database's folder. */
  | { readonly type: "waiting-for-folder"; readonly holder: FolderHolder }
  | { readonly type: "waiting-for-lock"; readonly holder: LockHolder | undefined }
  /** The statement that runs waits for another session. */
  | { readonly type: "waiting-for-session"; readonly wait: Wait }
  | { readonly type: "statement-progress"; readonly progress: StatementProgress }
  /** What runs from here on, if nothing stops it. */
  | { readonly type: "planned"; readonly migrations: readonly MigrationFile[] }
  | { readonly type: "started"; readonly direction: Direction; readonly migration: MigrationFile }
  | {
      readonly type: "finished";
      readonly direction: Direction;
      readonly migration: MigrationFile;
      /** Milliseconds. */
      readonly duration: number;
    }
  | {
      readonly type: "retrying";
      readonly migration: MigrationFile;
      readonly error: ConfitureError;
      /** Milliseconds until the next attempt. */
      readonly pause: number;
      readonly attempt: number;
      readonly of: number;
    }
  /** What is in the folder of migrations, and looks like one, and is left out. */
  | { readonly type: "ignored"; readonly ignored: readonly Ignored[] }
  /** Its file is not here: it is rolled back with the text that the ledger keeps. */
  | {
      readonly type: "from-ledger";
      readonly migration: Pick<MigrationFile, "version" | "name">;
      /** Its file is here, and is not what ran. */
      readonly isEdited: boolean;
    }
  /** Its way back is a file of its own, and was edited after it was applied: it is rolled back by what that says now. */
  | { readonly type: "other-way-back"; readonly migration: MigrationFile }
  /** A way without a statement, which will be recorded all the same. */
  | { readonly type: "empty"; readonly migration: MigrationFile; readonly direction: Direction }
  /** A TypeScript migration has come so far. */
  | { readonly type: "progress"; readonly migration: MigrationFile; readonly statements: number }
  /** It says so itself. */
  | {
      readonly type: "told-progress";
      readonly migration: MigrationFile;
      readonly done: number;
      readonly total: number | undefined;
    }
  /** A backfill has come so far. */
  | { readonly type: "fill-progress"; readonly migration: MigrationFile; readonly progress: Progress }
  /** A backfill waits; `reason` completes "it waits: ". */
  | { readonly type: "fill-waiting"; readonly migration: MigrationFile; readonly reason: string }
  /** The last sweep of a backfill has still found rows: something writes such rows all the time. */
  | { readonly type: "fill-rows-keep-coming"; readonly migration: MigrationFile; readonly rows: number }
  /** What is about to run drops an object and makes it again without all that the database has on it. */
  | { readonly type: "recreates"; readonly what: string; readonly location: Location }
  /** An approved plan was made for this database at another address, or for one that this is a copy of. */
  | { readonly type: "planned-elsewhere"; readonly message: string }
  /** A backfill is done, and its WHERE still finds rows. */
  | { readonly type: "fill-rows-left"; readonly migration: MigrationFile }
  /** Something that the code of a TypeScript migration began was still open at the end of the command, and was ended. */
  | { readonly type: "left-open"; readonly file: string; readonly method: Direction }
  | { readonly type: "notice"; readonly notice: Notice };
