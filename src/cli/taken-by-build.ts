import type { FilledTable } from "#build/filled-tables.ts";
import type { Catalogue } from "#compare/catalogue/catalogue.ts";
import type { Removal } from "#compare/generate/removals.ts";
import type { Database } from "#database/database.ts";
import type { MigrateOptions } from "#migrate/exclusive.ts";
import type { Ledger } from "#migrate/ledger/ledger.ts";
import type { CommandContext } from "./command.ts";
import { filesBeside } from "./compare-options.ts";
import { makersIn } from "./output/findings.ts";
import { count } from "./output/text.ts";
import { permitRemovals } from "./removals.ts";
import { undoneIn } from "./undone.ts";

/**
 * Watches what schema files that can run again take away in a database in use: objects, what protects them, rows of tables that are
 * made anew or emptied, and what migrations did. `ExecuteOptions.watch`.
 * @param allowed the value of `--allow-drop`; undefined where nothing may be taken away
 * @param isCommitted whether what the files did is committed when it is seen: then it is told and warned of, whatever is allowed
 */
export function watchTaken(
  context: CommandContext,
  { target }: MigrateOptions,
  ledger: Ledger,
  allowed: string | undefined,
  isCommitted: boolean,
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
      const { permit, tellIdle } = permitRemovals(context, isCommitted ? "all" : allowed, makersIn(files), {
        what: "The schema files",
        undone: "Nothing was done.",
        code: "build_refused",
        command: "confiture build ",
        staying: "They do so where they run again: take that out of them, if it is to stay.",
        holdsLocks: true,
      });
      await permit([...removals, ...undone], []);
      if (!isCommitted) tellIdle();
      else if (allowed === undefined)
        context.messages.warn(
          "This is done: --no-transaction leaves nothing to roll back. Without it, a build asks first",
        );
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
  const left = new Map(after.filled.map((table) => [table.oid, table]));
  const emptied = new Set(before.filled.filter(({ oid }) => !left.has(oid)).map(({ name }) => name));
  const objects = takenAway(before.catalogue, after.catalogue, await loadParser()).map((taken): Removal => ({
    ...taken,
    ...(taken.change.change === "dropped" ? { fate: "is dropped" } : {}),
    loss: taken.kind === "table" && emptied.delete(taken.name) ? ROWS_GONE : undefined,
  }));
  const rows = [...emptied].map((name) => lostRows(name, "is emptied or made anew", ROWS_GONE));
  const fewer = before.filled.flatMap((table) => {
    const fate = fewerRows(table, left.get(table.oid));
    return fate === undefined ? [] : [lostRows(table.name, fate, undefined)];
  });
  return [...objects, ...rows, ...fewer];
}

/** What became of a table that still has rows, but fewer than before. */
function fewerRows(before: FilledTable, after: FilledTable | undefined): string | undefined {
  if (after === undefined) return undefined;
  if (before.rows === undefined) {
    if (after.storage !== before.storage && after.rows !== undefined)
      return `has ${count(after.rows, "row")} instead of its many`;
    return after.fewer > 0 ? `loses ${count(after.fewer, "row")}` : undefined;
  }
  const lost = before.rows - (after.rows ?? before.rows);
  return lost > 0 ? `loses ${count(lost, "row")}` : undefined;
}

function lostRows(name: string, fate: string, loss: string | undefined): Removal {
  return { kind: "table", name, change: undefined, fate, loss };
}

const ROWS_GONE = "its rows are gone";
