import type { Statement } from "#sql/statement.ts";
import type { Lock, LockMode, Relation } from "./facts.ts";
import { KNOWN_FORMS, type KnownForm, knownStatement } from "./known.ts";
import type { Measured } from "./measured.ts";
import type { Meter } from "./meter.ts";

/**
 * Runs a statement that commits by itself: its locks are those that are known of its form, what it built and rewrote is
 * looked at afterwards.
 */
export async function runKnown(meter: Meter, statement: Statement, work: () => Promise<void>): Promise<Measured> {
  const { form, targets, partition } = knownStatement(statement);
  const known: KnownForm = KNOWN_FORMS[form];
  const named: Relation[] = [];
  for (const target of targets) {
    const relation = await meter.resolve(target);
    if (relation !== undefined) named.push(relation);
  }
  const detached = partition === undefined ? undefined : await meter.resolve(partition);
  await work();
  const changed = await meter.lookAgain();
  // Of a schema, or of everything: what has changed tells which.
  const meant = targets.length > 0 ? named : [...changed.rewrites, ...changed.rewritesIndexes];
  const tables = new Map<string, Relation>();
  const indexes = new Map<string, Relation>();
  for (const relation of meant) {
    const table = relation.kind === "index" ? meter.find(relation.table ?? "") : relation;
    if (table !== undefined) tables.set(table.name, table);
    if (relation.kind === "index") indexes.set(relation.name, relation);
    else if (form !== "create-index-concurrently")
      for (const index of meter.indexesOf(relation.name)) indexes.set(index.name, index);
  }
  const locks = [
    ...locksOn([...tables.values()], known.table),
    ...locksOn(detached === undefined ? [] : [detached], known.partition),
    ...locksOn([...indexes.values()], known.index),
  ];
  const rewritten = new Set(changed.rewrites.map(({ name }) => name));
  return {
    ...changed,
    rows: [],
    dropsColumns: [],
    reaches: [],
    runs: [],
    gone: [],
    setsBack: [],
    sets: [],
    writes: statement.firstWord !== "DROP" || changed.drops.length > 0,
    locks,
    held: locks,
    scans: known.scans ? [...tables.values()].filter(({ name }) => !rewritten.has(name)) : [],
  };
}

function locksOn(relations: readonly Relation[], mode: LockMode | undefined): Lock[] {
  return mode === undefined ? [] : relations.map((relation) => ({ ...relation, mode }));
}
