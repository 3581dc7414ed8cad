import { type Facts, factsOf } from "../engine/facts.ts";
import { encodeId, type ObjectId } from "../engine/object-id.ts";
import { comparePaths } from "#build/order.ts";
import type { Database } from "#database/database.ts";
import { ConfitureError } from "#errors/error.ts";
import { type Catalogue, readCatalogue } from "../catalogue/catalogue.ts";
import { compareCatalogues, listChanges } from "../catalogue/changes.ts";
import { withPayloads } from "../engine/lookups.ts";
import { planFiles } from "../tree/statements.ts";
import { withMissingRoles } from "#scratch/missing.ts";
import { runTolerantly } from "#scratch/tolerant.ts";
import { type ScratchOptions, withScratch } from "#scratch/scratch.ts";
import { mainOwner, onTerms } from "../catalogue/terms.ts";

/** A statement that a scratch database refused, and why. */
interface Refused {
  readonly sql: string;
  readonly reason: string;
}

/**
 * Makes in an empty scratch database what a catalogue holds, from its definitions.
 * @param owners whether owners are made as well; otherwise everything is the scratch database's own
 * @throws ConfitureError `rebuild_failed` when it does not come to the same
 */
export async function rebuildExactly(
  database: Database,
  catalogue: Catalogue,
  name: string,
  owners = false,
): Promise<void> {
  const refused = await rebuild(database, catalogue, owners);
  const [first] = refused;
  if (first !== undefined) throw rebuildFailed(name, `${first.reason}\n${first.sql}`);
  const there = await readCatalogue(database);
  const { from, to } = onTerms(there, catalogue, { owners, grants: true, extensionVersions: false });
  // Definitions come back in other words, which says nothing; what is missing does.
  const rest = compareCatalogues(from, to).filter(({ change, planned }) => planned && change !== "changed");
  if (rest.length > 0) throw rebuildFailed(name, `what differs then:\n${listChanges(rest)}`);
}

function rebuildFailed(name: string, why: string): ConfitureError {
  return new ConfitureError("rebuild_failed", `${name} cannot be rebuilt in a scratch database: ${why}`, {
    hint: "Name what it was made from instead: migrations, or git:REVISION. Or say where it can be: --scratch embedded, in the PostgreSQL of this executable, or --scratch URL, on a server that has what it needs",
  });
}

/**
 * The same catalogue with some definitions in the words of the scratch engine: made there, and read again. What other
 * versions write differently, or a dump and its restore, is then written alike.
 * @param ids the objects whose definitions are in question; all there are when left out
 * @returns also what could not be made there and keeps its words
 */
export async function reword(
  options: ScratchOptions,
  catalogue: Catalogue,
  ids?: readonly ObjectId[],
): Promise<Reworded> {
  const whole = ids === undefined;
  const part = whatIsNeeded(catalogue.facts, ids ?? catalogue.facts.facts().map(({ id }) => id));
  const reworded = await withScratch(options, async (database): Promise<Reworded | undefined> => {
    const refused = await rebuild(database, {
      ...catalogue,
      facts: part,
      extras: whole ? catalogue.extras : [],
    });
    // A definition may need what leaves no trace of a dependency, such as a cast; an extension is missing either way.
    if (refused.length > 0 && !whole && !refused.some(({ sql }) => sql.startsWith("CREATE EXTENSION")))
      return undefined;
    const made = await readCatalogue(database);
    const facts = catalogue.facts.facts().map((fact) => {
      const there = part.has(fact.id) ? made.facts.get(fact.id) : undefined;
      if (there === undefined) return fact;
      // That an index was not finished is no matter of words, and none that is made anew is like that.
      const { valid } = fact.payload;
      return { ...fact, payload: { ...there.payload, ...(valid === undefined ? {} : { valid }) } };
    });
    return {
      catalogue: { ...catalogue, major: made.major, facts: factsOf(catalogue.facts, facts) },
      refused,
    };
  });
  return reworded ?? (await reword(options, catalogue));
}

interface Reworded {
  readonly catalogue: Catalogue;
  readonly refused: readonly Refused[];
}

/** What a scratch database need not have for definitions to be written: rights, labels, and what leads elsewhere. */
const OF_SERVER: ReadonlySet<ObjectId["kind"]> = new Set([
  "acl",
  "defaultPrivilege",
  "securityLabel",
  "subscription",
  "userMapping",
  "eventTrigger",
]);

/** Some objects, what they belong to, what they depend on, and roles, which definitions may name. */
function whatIsNeeded(facts: Facts, ids: readonly ObjectId[]): Facts {
  const needed = new Set<string>();
  const roles = facts.facts().flatMap(({ id }) => (id.kind === "role" ? [id] : []));
  const waiting: ObjectId[] = [{ kind: "schema", name: "public" }, ...roles, ...ids];
  for (let id = waiting.pop(); id !== undefined; id = waiting.pop()) {
    const key = encodeId(id);
    const fact = facts.get(id);
    const kind = "target" in id ? id.target.kind : id.kind;
    if (fact === undefined || needed.has(key) || OF_SERVER.has(id.kind) || OF_SERVER.has(kind)) continue;
    needed.add(key);
    if (fact.parent !== undefined) waiting.push(fact.parent);
    for (const { to } of facts.outgoingEdges(id)) waiting.push(to);
    // Without these a table or type is another one.
    for (const child of facts.childrenOf(id)) {
      if (child.id.kind === "column" || child.id.kind === "typeAttribute") waiting.push(child.id);
    }
  }
  return factsOf(
    facts,
    facts.facts().filter(({ id }) => needed.has(encodeId(id))),
  );
}

/** Runs what brings an empty database to a catalogue, as far as it can be run. */
async function rebuild(database: Database, catalogue: Catalogue, owners = false): Promise<Refused[]> {
  const empty = await readCatalogue(database);
  const { from, to } = onTerms(empty, catalogue, { owners, grants: true, extensionVersions: false });
  const builders = owners ? [] : [mainOwner(empty), mainOwner(catalogue)];
  let planned: string[];
  try {
    // As files: a plan adds columns in another order, and `SELECT *` and aliases of columns go by their order.
    const files = planFiles(from, unfilled(to), [], builders).toSorted((a, b) => comparePaths(a.path, b.path));
    planned = files.flatMap(({ statements }) => statements);
  } catch (error) {
    if (error instanceof ConfitureError) return [{ sql: "", reason: error.message }];
    throw error;
  }
  const missing = await missingExtensions(database, planned);
  const statements = planned.filter((sql) => !missing.has(sql));
  const refused: Refused[] = [...missing].map(([sql, reason]) => ({ sql, reason }));
  // Bodies of functions may speak of what comes after them.
  await database.execute("set check_function_bodies = off");
  try {
    await withMissingRoles(database, () => database.execute(statements.map((sql) => `${sql};\n`).join("")));
  } catch (error) {
    if (!(error instanceof ConfitureError) || error.server === undefined) throw error;
    refused.push(...(await runWhatRuns(database, statements)));
  }
  await database.execute("reset check_function_bodies");
  return refused;
}

/** There are no rows, and since version 17 functions of a query do not find each other while it runs. */
function unfilled(catalogue: Catalogue): Catalogue {
  const facts = withPayloads(catalogue.facts, ({ id }) => id.kind === "materializedView", { _unfilled: true });
  return { ...catalogue, facts };
}

/** One by one, and what was refused once more as long as that helps: bodies of functions hide what they need. */
async function runWhatRuns(database: Database, statements: readonly string[]): Promise<Refused[]> {
  const refused = await runTolerantly(statements, {
    run: (sql) => withMissingRoles(database, () => database.execute(sql)),
    remedy: () => "later",
  });
  return [...refused].map(([sql, { message }]) => ({ sql, reason: message }));
}

/** Statements for extensions that the engine does not have; the embedded one does not survive the attempt. */
async function missingExtensions(database: Database, statements: readonly string[]): Promise<Map<string, string>> {
  const missing = new Map<string, string>();
  const wanted = statements.flatMap((sql) => {
    const name = /^CREATE EXTENSION (?:IF NOT EXISTS )?"?([^"\s;]+)/.exec(sql)?.[1];
    return name === undefined ? [] : [{ sql, name }];
  });
  if (wanted.length === 0) return missing;
  const rows = await database.query<{ name: string }>(
    "select name::text as name from pg_catalog.pg_available_extensions",
  );
  const available = new Set(rows.map(({ name }) => name));
  for (const { sql, name } of wanted) {
    if (!available.has(name)) missing.set(sql, `the extension "${name}" is not available there`);
  }
  return missing;
}
