import { quoteIdentifier, quoteLiteral, quoteQualified } from "#sql/quote.ts";
import {
  changeName,
  type ColumnStep,
  expandStep,
  fillStep,
  type SyncParts,
  syncParts,
  validateStep,
} from "./sync-parts.ts";
import type { ChangedTable, TypeChange } from "./type-change.ts";

/**
 * Wider types in steps between which any time may pass (docs/guides/medium-4-schema-to-schema.md): new columns beside the
 * old ones, kept in step by a trigger; indexes and foreign keys of the new ones; and in one transaction the new ones in the
 * place of the old ones. Nothing is rewritten, and applications see one name all the time. Pure.
 */
export function typeSteps({ tables, references }: TypeChange): ColumnStep[] {
  const name = changeName(tables[0]);
  const parts = tables.map(syncParts);
  const pieces = tables.map((table, index) => piecesOf(table, parts[index]!));
  const keys = references.map((reference) => {
    const alter = `ALTER TABLE ${quoteQualified(reference.table.schema, reference.table.name)}`;
    const [own, fresh] = [reference.name, reference.newName].map(quoteIdentifier) as [string, string];
    return {
      addNew: `${alter} ADD CONSTRAINT ${fresh} ${reference.newDefinition}`,
      validateNew: `${alter} VALIDATE CONSTRAINT ${fresh}`,
      dropNew: `${alter} DROP CONSTRAINT ${fresh}`,
      addOld: `${alter} ADD CONSTRAINT ${own} ${reference.definition}`,
      dropOld: `${alter} DROP CONSTRAINT ${own}`,
      takeName: `${alter} RENAME CONSTRAINT ${fresh} TO ${own}`,
    };
  });
  const all = (of: (part: SyncParts) => readonly string[]): string[] => parts.flatMap(of);
  const each = (of: (piece: Pieces) => readonly string[]): string[] => pieces.flatMap(of);
  const indexes: ColumnStep = {
    part: "indexes",
    options: `change:${name}`,
    up: [
      ...each(({ createNew }) => createNew(true)),
      ...keys.flatMap(({ addNew, validateNew }) => [`${addNew} NOT VALID`, validateNew]),
    ],
    down: [...keys.map(({ dropNew }) => dropNew), ...each(({ dropNew }) => dropNew)],
    transactional: false,
  };
  return [
    expandStep(parts, name, tables),
    ...tables.map((change, index) => ({
      ...fillStep(parts[index]!, name, change),
      ...(tables.length > 1 && /^\w+$/.test(change.table) ? { about: change.table } : {}),
    })),
    validateStep(parts, name),
    ...(indexes.up.length === 0 ? [] : [indexes]),
    {
      part: "contract",
      options: `phase:contract change:${name}`,
      up: [
        ...(lockedTables(tables, references).length > 1
          ? [`LOCK TABLE ${lockedTables(tables, references).join(", ")} IN ACCESS EXCLUSIVE MODE`]
          : []),
        ...all(({ dropSync }) => dropSync),
        ...keys.map(({ dropOld }) => dropOld),
        ...all(({ settle }) => settle),
        ...each(({ dropConstraints }) => dropConstraints),
        ...each(({ moveSequences }) => moveSequences),
        ...all(({ giveDefaults }) => giveDefaults),
        ...all(({ dropOld }) => dropOld),
        ...each(({ takeNames }) => takeNames),
        ...keys.map(({ takeName }) => takeName),
      ],
      down: [
        ...keys.map(({ dropOld }) => dropOld),
        ...each(({ giveNames }) => giveNames),
        ...all(({ takeDefaults }) => takeDefaults),
        ...all(({ bringOld }) => bringOld),
        // Behind the UPDATE, which a table that is published takes only as long as it has a key.
        ...each(({ dropConstraints }) => dropConstraints),
        ...all(({ constrainOld }) => constrainOld),
        ...each(({ moveSequencesBack }) => moveSequencesBack),
        // An identity column may not be NULL.
        ...all(({ unsettle }) => unsettle),
        ...each(({ createOld }) => createOld),
        ...each(({ createNew }) => createNew(false)),
        ...keys.flatMap(({ addOld, addNew }) => [addOld, addNew]),
        ...parts.flatMap(({ checks, alter }) => checks.map(({ add }) => alter(add))),
        ...all(({ makeSync }) => makeSync),
      ],
      transactional: true,
    },
  ];
}

/** What stands on columns that change, of one table. */
interface Pieces {
  readonly createNew: (concurrently: boolean) => readonly string[];
  readonly dropNew: readonly string[];
  readonly dropConstraints: readonly string[];
  readonly moveSequences: readonly string[];
  readonly moveSequencesBack: readonly string[];
  /** The new columns, constraints and indexes by the names of the old ones. */
  readonly takeNames: readonly string[];
  readonly giveNames: readonly string[];
  readonly createOld: readonly string[];
}

function piecesOf(table: ChangedTable, { on, alter }: SyncParts): Pieces {
  const { old, fresh, constraints, indexes, sequences, comments, schema } = table;
  const renames = old.map(({ name }, index) => [name, fresh[index]!.name].map(quoteIdentifier) as [string, string]);
  const commentOf = (name: string): string[] => {
    const text = comments.get(name);
    return text === undefined
      ? []
      : [`COMMENT ON COLUMN ${on}.${quoteIdentifier(name)} IS ${quoteLiteral(text).trim()}`];
  };
  return {
    createNew: (concurrently) => [
      ...constraints.map(({ createIndex }) => createIndex(concurrently)),
      ...indexes.map(({ createNew }) => createNew(concurrently)),
    ],
    dropNew: [
      ...indexes.map((index) => `DROP INDEX CONCURRENTLY ${quoteQualified(schema, index.newName)}`),
      ...constraints.map(({ index }) => `DROP INDEX CONCURRENTLY ${quoteQualified(schema, index)}`),
    ],
    dropConstraints: constraints.map(({ name }) => alter(`DROP CONSTRAINT ${quoteIdentifier(name)}`)),
    moveSequences: sequences.flatMap(({ up }) => up),
    moveSequencesBack: sequences.flatMap(({ down }) => down),
    takeNames: [
      ...renames.map(([was, is]) => alter(`RENAME COLUMN ${is} TO ${was}`)),
      ...old.flatMap(({ name }) => commentOf(name)),
      ...constraints.map(({ name, usingIndex }) => alter(`ADD CONSTRAINT ${quoteIdentifier(name)} ${usingIndex}`)),
      ...indexes.map(
        ({ name, newName }) => `ALTER INDEX ${quoteQualified(schema, newName)} RENAME TO ${quoteIdentifier(name)}`,
      ),
    ],
    giveNames: [
      ...indexes.map(({ name }) => `DROP INDEX ${quoteQualified(schema, name)}`),
      ...old.flatMap(({ name }) =>
        comments.has(name) ? [`COMMENT ON COLUMN ${on}.${quoteIdentifier(name)} IS NULL`] : [],
      ),
      ...renames.map(([was, is]) => alter(`RENAME COLUMN ${was} TO ${is}`)),
    ],
    createOld: [
      ...old.flatMap(({ name }) => commentOf(name)),
      ...constraints.map(({ name, definition }) => alter(`ADD CONSTRAINT ${quoteIdentifier(name)} ${definition}`)),
      ...indexes.map(({ definition }) => definition),
    ],
  };
}

/**
 * Who writes to a referencing table locks that first, and the one that it refers to when its foreign keys are checked: the
 * same order here keeps the two from a deadlock.
 */
function lockedTables(tables: readonly ChangedTable[], references: TypeChange["references"]): string[] {
  const nameOf = ({ schema, name }: { readonly schema: string; readonly name: string }): string =>
    quoteQualified(schema, name);
  const names = new Set([
    ...references.map(({ table }) => nameOf(table)),
    ...tables.map(({ schema, table }) => quoteQualified(schema, table)),
    ...references.map(({ to }) => nameOf(to)),
  ]);
  const ordered = new Set<string>();
  const entered = new Set<string>();
  const place = (name: string): void => {
    if (entered.has(name)) return;
    entered.add(name);
    for (const { table, to } of references) if (nameOf(to) === name) place(nameOf(table));
    ordered.add(name);
  };
  for (const name of names) place(name);
  return [...ordered];
}
