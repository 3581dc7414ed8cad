import { migrationId } from "#migrate/files/migration-file.ts";
import type { LoadedMigration } from "#migrate/files/body.ts";
import type { Catalogue } from "../catalogue/catalogue.ts";
import { compareCatalogues } from "../catalogue/changes.ts";
import type { Moment } from "../catalogue/written-rows.ts";
import type { Finding } from "./finding.ts";
import type { Fingerprint } from "../catalogue/fingerprint.ts";
import type { ScratchRun } from "../runs/scratch-run.ts";

/** What a database held at one moment of a replay. */
export type Look =
  | { readonly fingerprint: Fingerprint }
  | { readonly catalogue: Catalogue }
  | { readonly moment: Moment }
  | { readonly isUntouched: boolean }
  | undefined;

/**
 * Looks at a scratch database around the migrations of a replay. Reading a whole catalogue takes longer than most
 * migrations, and once a rollback is found inexact the state before it is gone. So a replay is done with
 * fingerprints first, and only when some of them differ once more from the beginning, with whole catalogues where
 * they did.
 */
export interface Watch {
  /** @param before the look that this one will be compared with */
  look(migration: LoadedMigration, before?: Look): Promise<Look>;
  /** As `look`, for what is of interest only where something is wrong. */
  lookAgain(migration: LoadedMigration): Promise<Look>;
  /** The finding that a state is not what it should be. */
  difference(migration: LoadedMigration, what: string, should: Look, is: Look): Finding[];
  /** Something went wrong that states around these migrations may explain. */
  doubt(migrations: readonly LoadedMigration[]): void;
}

/** Makes what looks at a run. */
export type Watching = (run: ScratchRun) => Watch;

/**
 * Replays with fingerprints, and a second time with catalogues where those leave a doubt.
 * @param replay in a scratch database of its own
 * @param again the second time, for the migrations with these versions; as the first time when undefined
 */
export async function watched<T>(
  replay: (watching: Watching) => Promise<T>,
  again: (watching: Watching, doubtful: ReadonlySet<string>, first: T) => Promise<T> = replay,
): Promise<T> {
  const doubtful = new Set<string>();
  const first = await replay((run) => withFingerprints(run, doubtful));
  return doubtful.size === 0 ? first : await again((run) => withCatalogues(run, doubtful), doubtful, first);
}

function withFingerprints(run: ScratchRun, doubtful: Set<string>): Watch {
  const doubt: Watch["doubt"] = (migrations) => {
    for (const { file } of migrations) doubtful.add(file.version);
  };
  return {
    async look(migration, before) {
      if (before !== undefined && "moment" in before) return { isUntouched: await run.isUntouchedSince(before.moment) };
      const moment = before === undefined && isOutside(migration) ? await run.moment() : undefined;
      return moment === undefined ? { fingerprint: await run.fingerprint() } : { moment };
    },
    lookAgain: async () => undefined,
    difference(migration, _what, should, is) {
      const isSame =
        is !== undefined && "isUntouched" in is ? is.isUntouched : JSON.stringify(should) === JSON.stringify(is);
      if (!isSame) doubt([migration]);
      return [];
    },
    doubt,
  };
}

/** Indexes are made and dropped like that, which leaves every row as it was: cheaper to tell than what all rows say. */
function isOutside({ up, down }: LoadedMigration): boolean {
  return [up, down].every((way) => way?.kind === "sql" && !way.transactional);
}

function withCatalogues(run: ScratchRun, doubtful: ReadonlySet<string>): Watch {
  const look: Watch["look"] = async ({ file }) =>
    doubtful.has(file.version) ? { catalogue: await run.read() } : undefined;
  return {
    look,
    lookAgain: look,
    difference({ file }, what, should, is) {
      if (should === undefined || is === undefined || !("catalogue" in should && "catalogue" in is)) return [];
      const changes = compareCatalogues(should.catalogue, is.catalogue);
      if (changes.length === 0) return [];
      const message = `${migrationId(file)} ${what}; what is different afterwards`;
      return [{ migration: file, message, changes, gap: { from: is.catalogue, to: should.catalogue, as: "sql" } }];
    },
    doubt: () => {},
  };
}
