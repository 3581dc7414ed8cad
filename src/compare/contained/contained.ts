import type { ErrorCode } from "#errors/codes.ts";
import { ConfitureError, placed } from "#errors/error.ts";
import type { LoadedMigration } from "#migrate/files/body.ts";
import type { MigrationFile } from "#migrate/files/migration-file.ts";
import type { Change } from "../catalogue/changes.ts";
import type { Replay } from "./replayed.ts";

/** Migrations that are not recorded, told apart by whether something holds their changes already. In version order. */
export interface Contained {
  /** From the first one on: all that they do is there. */
  readonly contained: readonly MigrationFile[];
  /** What they do is not there. */
  readonly pending: readonly MigrationFile[];
  /** Nobody can tell. */
  readonly undecided: readonly MigrationFile[];
  /** Those of the contained ones that may change rows which are there: whether they have changed these was not compared. */
  readonly rowsNotCompared: readonly MigrationFile[];
  /** Why the next one is not contained, where that is known; always where some are undecided. */
  readonly why: string | undefined;
  /** What to do about it, where it is neither `migrate up` nor `migrate baseline` alone. */
  readonly next?: string | undefined;
  /** What schema files build otherwise than base and migrations do; undefined where that was not compared. */
  readonly unlike?: readonly Change[] | undefined;
}

/** Nothing is known, or nothing is to be known. */
export const NONE: Contained = { contained: [], pending: [], undecided: [], rowsNotCompared: [], why: undefined };

const WITHOUT_LIMIT = "  confiture migrate baseline --proven   finds out without a limit, and records what is there";

const BY_MENDING =
  "  confiture verify   shows what is wrong with base and migrations; once that is mended: confiture migrate baseline --proven";

/** What keeps the command from going on, whatever it is about. */
const ENDS: ReadonlySet<ErrorCode> = new Set<ErrorCode>(["interrupted", "internal", "connection_lost"]);

/** What cannot be decided stops nothing: it is said. */
export async function decided(
  replay: Replay,
  decide: (open: readonly LoadedMigration[]) => Promise<Contained>,
): Promise<Contained> {
  let files: readonly MigrationFile[] = [];
  try {
    const { open } = await replay.load();
    files = open.map(({ file }) => file);
    if (open.length === 0) return NONE;
    return await decide(open);
  } catch (error) {
    if (!(error instanceof ConfitureError) || ENDS.has(error.code)) throw error;
    const undecided = { ...NONE, undecided: files, why: placed(error) };
    if (error.data?.["isBrokenStart"] === true) return { ...undecided, next: BY_MENDING };
    return error.data?.["outOfTime"] === true ? { ...undecided, next: WITHOUT_LIMIT } : undecided;
  }
}

/**
 * @param contained how many, from the first on
 * @param failure why nobody can tell whether the others are there; they are pending when undefined
 * @param known what is known of the first of the others
 */
export function divide(
  open: readonly LoadedMigration[],
  contained: number,
  failure: string | undefined,
  known: Partial<Pick<Contained, "why" | "next">> = {},
): Contained {
  const files = open.map(({ file }) => file);
  const rest = files.slice(contained);
  return {
    contained: files.slice(0, contained),
    pending: failure === undefined ? rest : [],
    undecided: failure === undefined ? [] : rest,
    rowsNotCompared: [],
    why: rest.length === 0 ? undefined : (known.why ?? failure),
    ...(rest.length === 0 || known.next === undefined ? {} : { next: known.next }),
  };
}
