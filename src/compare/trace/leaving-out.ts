import { runStatements } from "#database/run-script.ts";
import { ConfitureError } from "#errors/error.ts";
import type { Performer } from "#migrate/run/performer.ts";
import { explainMissing } from "#scratch/missing.ts";
import type { ScratchSite } from "#scratch/site.ts";
import { isMissingObject } from "../sources/sources.ts";
import { guarded } from "./guarded.ts";

/**
 * Runs statements one by one and leaves out those that need an extension which the scratch database cannot have, and those that
 * need something which one that was left out would have made.
 * @param leftOut is given why, with the places
 */
export function leavingOut(site: ScratchSite, leftOut: ConfitureError[]): Performer {
  const leave = (error: unknown): void => {
    if (!(error instanceof ConfitureError) || error.server === undefined) throw error;
    const explained = explainMissing(error, site);
    if (explained.code !== "extension_missing" && !(leftOut.length > 0 && isMissingObject(error))) throw error;
    leftOut.push(explained);
  };
  return {
    async statements(database, script, statements) {
      for (const statement of statements) {
        await guarded(database, statement, () => runStatements(database, script, [statement])).catch(leave);
      }
    },
    query: (database, _script, sql, parameters) => database.query(sql, parameters),
  };
}
