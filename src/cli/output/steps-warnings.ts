import type { Generated, GeneratedMigration } from "#compare/generate/generate.ts";

/** What a change in steps, or a rename, leaves to whoever runs it. Pure. */
export function stepsWarnings({
  notKept,
  naming = [],
  namingRenamed = [],
}: Pick<Generated, "notKept" | "naming" | "namingRenamed">): string[] {
  return [
    ...(namingRenamed.length === 0
      ? []
      : [
          `the text of ${namingRenamed.join(", ")} is still about a column by its old name, which PostgreSQL notices only when it runs: write the new name into it in the schema files, and generate again`,
        ]),
    ...(notKept === undefined
      ? []
      : [
          `the old columns cannot hold everything that the new release may write. For example, these values could not be restored from them: ${notKept}. Nothing is lost while the table has both; \`confiture migrate down\` of the expand drops the new ones`,
        ]),
    ...(naming.length === 0
      ? []
      : [
          `the text of ${naming.join(", ")} may be about a column that the contract drops, which PostgreSQL notices only when it runs: change it in a migration before the contract, when the new columns are filled`,
        ]),
  ];
}

/** What a migration means for the database in use that it was planned from, and for what its files do not say of it. Pure. */
export function ofDatabaseInUse({ migrations, givenByDefault, lostGrants, lostOwners }: Generated): string[] {
  return [
    ...(migrations.length === 0 || givenByDefault.length === 0
      ? []
      : [
          `default privileges of the database give rights to what is made in it, and no file speaks of them: to ${givenByDefault.join(", ")} (confiture drift --grants shows them; a REVOKE in the migration takes them away)`,
        ]),
    ...(lostGrants.length === 0
      ? []
      : [
          `what is made anew loses grants of the database of which no file speaks: ${lostGrants.join(", ")} (grant them again where these roles are)`,
        ]),
    ...(lostOwners.length === 0
      ? []
      : [
          `what is made anew belongs to whoever runs the migration, and no more to its owner: ${lostOwners.join(", ")} (give it back where these roles are, with ALTER ... OWNER TO)`,
        ]),
  ];
}

/** The first lines of statements that rewrite or read a table while others wait. Pure. */
export function stillLocking(migrations: readonly GeneratedMigration[]): string[] {
  const slow = migrations.flatMap(({ up }) =>
    up.flatMap(({ sql, effects: { rewrites, scans, blocksReads, blocksWrites } }) => {
      const waits = new Set([...blocksReads, ...blocksWrites]);
      return [...rewrites, ...scans].some((table) => waits.has(table)) ? [sql.split("\n")[0] ?? ""] : [];
    }),
  );
  return [...new Set(slow)];
}
