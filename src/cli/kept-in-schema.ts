import type { Change } from "#compare/catalogue/changes.ts";
import type { ProjectFiles } from "#compare/sources/sources.ts";
import type { SchemaUpdate } from "#compare/update/update.ts";
import { shellWord } from "#errors/shell.ts";
import type { CommandContext } from "./command.ts";
import { renderChanges } from "./output/changes.ts";
import { placesIn } from "./output/findings.ts";
import { inLine } from "./output/visible.ts";

/** What `schema update` leaves in the schema files, and what to do about it. */
export function tellKept({ messages }: CommandContext, files: ProjectFiles, { kept }: SchemaUpdate): void {
  const [other, own] = [kept.filter(isInTwoWays), kept.filter((change) => !isInTwoWays(change))];
  if (own.length > 0) {
    messages.warn(
      `no migration makes this yet, so it stays as the schema files have it (\`confiture migrate generate\` writes the migration):\n${renderChanges(own).trimEnd()}`,
    );
  }
  if (other.length === 0) return;
  messages.warn(
    `schema files and migrations have this in two ways, and no migration ever made it as the schema files have it, so it stays there (from what the migrations make, to what the schema files make):\n${renderChanges(other).trimEnd()}`,
  );
  const places = placesIn(files);
  const where = other.flatMap((change) => {
    const { schema, migration } = places(change, { message: "" });
    if (schema === undefined) return [];
    const maker = migration === undefined ? "the migrations make" : `${inLine(migration.file)}:${migration.line} makes`;
    return [`\n  ${inLine(schema.file)}:${schema.line} then says what ${maker}`];
  });
  const names = [...new Set(other.map(({ name }) => name))].join(",");
  messages.log(
    `Where a migration is right, as after an edit of one: confiture schema update --take ${shellWord(names)}${where.join("")}\n` +
      "Where the schema files are right: confiture migrate generate NAME",
  );
}

/** Whether schema files and migrations both have something, and differently. */
function isInTwoWays({ change }: Change): boolean {
  return change === "changed";
}

/** Why it exits with 3 although it has written, behind all that it has written; "" where it does not. */
export function tellInTwoWays({ kept }: SchemaUpdate): string {
  const names = kept.filter(isInTwoWays).map(({ kind, name }) => inLine(`${kind} ${name}`));
  return names.length === 0
    ? ""
    : `⚠️  Schema files and migrations still have this in two ways, as said above: ${names.join(", ")}\n`;
}
