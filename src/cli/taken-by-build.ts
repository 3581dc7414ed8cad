import { type FilledTable, rowsGone } from "#build/filled-tables.ts";
import type { Relation } from "#build/relations.ts";
import type { TakenNumbers } from "#build/set-back.ts";
import type { Catalogue } from "#compare/catalogue/catalogue.ts";
import type { Removal } from "#compare/generate/removals.ts";
import type { Database } from "#database/database.ts";
import type { Sequence } from "#database/sequences.ts";
import type { MigrateOptions } from "#migrate/exclusive.ts";
import type { Ledger } from "#migrate/ledger/ledger.ts";
import { reportedName } from "#sql/quote.ts";
import type { CommandContext } from "./command.ts";
import { filesBeside } from "./compare-options.ts";
import { makersIn } from "./output/findings.ts";
import { count } from "./output/text.ts";
import { permitRemovals } from "./removals.ts";
import { undoneIn } from "./undone.ts";

/**
 * Watches what schema files that can run again take away in a database in use: objects, what protects them, rows of tables that are
 * made anew or emptied, numbers, and what migrations did. `ExecuteOptions.watch`.
 * @param places where the sequences were
 * @param allowed the value of `--allow-drop`; undefined where nothing may be taken away
 * @param isCommitted whether what the files did is committed when it is seen: then it is told and warned of, whatever is allowed
 */
export function watchTaken(
  context: CommandContext,
  { target }: MigrateOptions,
  ledger: Ledger,
  places: readonly Sequence[],
  allowed: string | undefined,
  isCommitted: boolean,
): (database: Database) => Promise<() => Promise<void>> {
  return async (database) => {
    const [
      { readCatalogueInside },
      { filledTablesInside },
      { relationsInside },
      { CONSTANT },
      { setBack, takenNumbersInside },
      { sequencesInside },
    ] = await Promise.all([
      import("#compare/catalogue/catalogue.ts"),
      import("#build/filled-tables.ts"),
      import("#build/relations.ts"),
      import("#compare/contained/defaults.ts"),
      import("#build/set-back.ts"),
      import("#database/sequences.ts"),
    ]);
    const look = async (earlier?: Look): Promise<Look> => ({
      catalogue: await readCatalogueInside(database),
      filled: await filledTablesInside(database, ledger, { constant: CONSTANT, before: earlier?.filled }),
      relations: await relationsInside(database),
    });
    const before = await look();
    return async () => {
      const after = await look(before);
      const files = await filesBeside(context, {}, target);
      const { undoneOf } = await import("#compare/generate/removals.ts");
      const taken = await takenNumbersInside(database, setBack(places, await sequencesInside(database)));
      const removals = [...(await takenBetween(before, after)), ...taken.map(ofNumbers)];
      const undone = await undoneOf(undoneIn(context, files), before.catalogue, after.catalogue, removals);
      tellCounted(context, before, after);
      if (removals.length + undone.length === 0) return;
      const permit = permitRemovals(context, isCommitted ? "all" : allowed, makersIn(files), {
        what: "The schema files",
        undone: "Nothing was done.",
        code: "build_refused",
        command: "confiture build ",
        staying: "They do so where they run again: take that out of them, if it is to stay.",
        holdsLocks: true,
      });
      await permit([...removals, ...undone], []);
      if (isCommitted && allowed === undefined)
        context.messages.warn(
          "This is done: --no-transaction leaves nothing to roll back. Without it, a build asks first",
        );
    };
  };
}

interface Look {
  readonly catalogue: Catalogue;
  readonly filled: readonly FilledTable[];
  readonly relations: readonly Relation[];
}

async function takenBetween(before: Look, after: Look): Promise<Removal[]> {
  const [{ loadParser }, { takenAway }, { leftUnread, putAside }] = await Promise.all([
    import("#sql/parser.ts"),
    import("#compare/catalogue/taken-away.ts"),
    import("#build/relations.ts"),
  ]);
  const left = new Map(after.filled.map((table) => [table.oid, table]));
  const emptied = new Set(before.filled.filter(({ oid }) => !left.has(oid)).map(({ name }) => name));
  const objects = takenAway(before.catalogue, after.catalogue, await loadParser()).map((taken): Removal => ({
    ...taken,
    ...(taken.change.change === "dropped" ? { fate: "is dropped" } : {}),
    loss: taken.kind === "table" && emptied.delete(taken.name) ? ROWS_GONE : undefined,
  }));
  const rows = [...emptied].map((name) => lostRows(name, "is emptied or made anew", ROWS_GONE));
  const parts = before.filled.flatMap((table) => {
    const now = left.get(table.oid);
    if (now === undefined) return [];
    const fate = lossOfRows(table, now);
    return [...columnsAnew(table, now), ...(fate === undefined ? [] : [lostRows(table.name, fate, undefined)])];
  });
  const filled = new Set(before.filled.map(({ oid }) => oid));
  const aside = putAside(before.relations, after.relations, filled).map(({ name, now }) =>
    lostRows(name, "is made anew", `its rows are in ${now} now`),
  );
  const unread = leftUnread(before.relations, after.relations).map((name): Removal => ({
    kind: "materialized view",
    name,
    change: undefined,
    fate: "is left without data",
    loss: "it cannot be read until it is refreshed",
  }));
  return [...objects, ...rows, ...parts, ...aside, ...unread];
}

function ofNumbers({ name, owner, next, furthest }: TakenNumbers): Removal {
  return {
    kind: "sequence",
    name,
    change: undefined,
    fate: `is set back to ${next}`,
    loss: `${owner === undefined ? "it gave out" : `${owner} has`} numbers up to ${furthest}`,
  };
}

/** Columns that were dropped, or got another name, and were added again, which no catalogue tells. */
function columnsAnew(before: FilledTable, after: FilledTable): Removal[] {
  const names = new Set(after.columns.map(({ name }) => name));
  const kept = new Map(after.columns.map(({ at, name }) => [at, name]));
  return before.columns
    .filter(({ name, at, computed }) => !computed && names.has(name) && kept.get(at) !== name)
    .map(({ name, at }) => {
      const other = kept.get(at);
      return {
        kind: "column",
        name: `${before.name}.${reportedName(name)}`,
        change: undefined,
        fate: "is made anew",
        loss: other === undefined ? "what it held is gone" : `what it held is in ${reportedName(other)} now`,
      };
    });
}

/** What became of a table that still has rows, but not all that it had. */
function lossOfRows(before: FilledTable, after: FilledTable): string | undefined {
  const isStored = after.storage === before.storage;
  const loses = (lost: number): string | undefined => (lost > 0 ? `loses ${count(lost, "row")}` : undefined);
  if (before.rows === undefined || after.rows === undefined) {
    const isSmall = before.rows === undefined && after.rows !== undefined && !isStored;
    return isSmall ? `has ${count(after.rows, "row")} instead of its many` : loses(after.deleted - after.inserted);
  }
  const fewer = before.rows - after.rows;
  if (before.hashes === undefined || after.hashes === undefined) return loses(fewer);
  const gone = rowsGone(before.hashes, after.hashes);
  // A row that an UPDATE changed is one that is gone, too: whoever wrote that meant it.
  if (isStored) return loses(Math.max(fewer, Math.min(gone, after.deleted)));
  const isDeleted = fewer > 0 || after.deleted > 0 || after.inserted >= after.rows;
  return isDeleted || gone === 0 ? loses(gone) : `has other values in ${count(gone, "row")}`;
}

/** Says of which tables that may have lost rows not each row was compared. */
function tellCounted({ messages }: CommandContext, before: Look, after: Look): void {
  const earlier = new Map(before.filled.map((table) => [table.oid, table]));
  const counted = after.filled.filter((now) => {
    const was = earlier.get(now.oid);
    if (was === undefined || (was.storage === now.storage && now.deleted === 0)) return false;
    return was.hashes === undefined || now.hashes === undefined;
  });
  if (counted.length === 0) return;
  const named = counted.slice(0, MOST_NAMED).map(({ name }) => name);
  if (counted.length > MOST_NAMED) named.push(`${counted.length - MOST_NAMED} tables more`);
  messages.warn(
    `Only the number of rows of ${named.join(", ")} was compared: whether others took the place of those that were there is not known`,
  );
}

const MOST_NAMED = 10;

function lostRows(name: string, fate: string, loss: string | undefined): Removal {
  return { kind: "table", name, change: undefined, fate, loss };
}

const ROWS_GONE = "its rows are gone";
