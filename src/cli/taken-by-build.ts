import type { FilledTable } from "#build/filled-tables.ts";
import type { Catalogue } from "#compare/catalogue/catalogue.ts";
import type { Removal } from "#compare/generate/removals.ts";
import type { Database } from "#database/database.ts";
import type { MigrateOptions } from "#migrate/exclusive.ts";
import type { Ledger } from "#migrate/ledger/ledger.ts";
import type { CommandContext } from "./command.ts";
import { filesBeside } from "./compare-options.ts";
import { makersIn } from "./output/findings.ts";
import { permitRemovals } from "./removals.ts";
import { undoneIn } from "./undone.ts";

/**
 * Watches what schema files that can run again take away in a database in use: objects, what protects them, rows of tables that are
 * made anew or emptied, and what migrations did. `ExecuteOptions.watch`.
 * @param allowed the value of `--allow-drop`; undefined where nothing may be taken away
 */
export function watchTaken(
  context: CommandContext,
  { target }: MigrateOptions,
  ledger: Ledger,
  allowed: string | undefined,
): (database: Database) => Promise<() => Promise<void>> {
  return async (database) => {
    const [{ readCatalogueInside }, { filledTablesInside }] = await Promise.all([
      import("#compare/catalogue/catalogue.ts"),
      import("#build/filled-tables.ts"),
    ]);
    const look = async () => ({
      catalogue: await readCatalogueInside(database),
      filled: await filledTablesInside(database, ledger),
    });
    const before = await look();
    return async () => {
      const after = await look();
      const files = await filesBeside(context, {}, target);
      const { undoneOf } = await import("#compare/generate/removals.ts");
      const removals = await takenBetween(before, after);
      const undone = await undoneOf(undoneIn(context, files), before.catalogue, after.catalogue, removals);
      if (removals.length + undone.length === 0) return;
      const { permit, tellIdle } = permitRemovals(context, allowed, makersIn(files), {
        what: "The schema files",
        undone: "Nothing was done.",
        code: "build_refused",
        command: "confiture build ",
        staying: "They do so where they run again: take that out of them, if it is to stay.",
        holdsLocks: true,
      });
      await permit([...removals, ...undone], []);
      tellIdle();
    };
  };
}

interface Look {
  readonly catalogue: Catalogue;
  readonly filled: readonly FilledTable[];
}

async function takenBetween(before: Look, after: Look): Promise<Removal[]> {
  const [{ loadParser }, { takenAway }] = await Promise.all([
    import("#sql/parser.ts"),
    import("#compare/catalogue/taken-away.ts"),
  ]);
  const left = new Set(after.filled.map(({ oid }) => oid));
  const emptied = new Set(before.filled.filter(({ oid }) => !left.has(oid)).map(({ name }) => name));
  const objects = takenAway(before.catalogue, after.catalogue, await loadParser()).map((taken): Removal => ({
    ...taken,
    ...(taken.change.change === "dropped" ? { fate: "is dropped" } : {}),
    loss: taken.kind === "table" && emptied.delete(taken.name) ? ROWS_GONE : undefined,
  }));
  const rows = [...emptied].map((name): Removal => ({
    kind: "table",
    name,
    change: undefined,
    fate: "is emptied or made anew",
    loss: ROWS_GONE,
  }));
  return [...objects, ...rows];
}

const ROWS_GONE = "its rows are gone";
