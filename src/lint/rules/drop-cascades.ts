import { inside, strings } from "#sql/parser.ts";
import type { Context, Rule } from "../rule.ts";
import { rangeOf } from "../world/relations.ts";
import { alterations } from "#sql/alterations.ts";

export const dropCascades: Rule = {
  id: "drop-cascades",
  title: "CASCADE or DROP OWNED that takes objects the statement does not name",
  group: "data",
  severity: "error",
  severityElse: "warning where nothing that depends on it was found; note where IF EXISTS found nothing",
  asks: ["syntax", "neighbours", "trace"],
  aliases: { squawk: ["ban-truncate-cascade"] },
  why: "`CASCADE` drops whatever depends on the object: views, foreign keys, columns, policies. What that is differs between databases, and the migration does not say it. `TRUNCATE ... CASCADE` empties every table that points to this one. `DROP OWNED` drops all that a role owns in the database, and what it was granted.",
  instead: "Name what is to go, and leave CASCADE out: then nothing is taken that nobody thought of.",
  wrong: "DROP VIEW active_users CASCADE;",
  right: "DROP VIEW active_users_by_day, active_users;",
  check(context) {
    const { node, facts } = context;
    const owned = inside(node, "DropOwnedStmt");
    if (owned !== undefined) {
      return [
        {
          message: "DROP OWNED drops whatever the role owns in this database, and does not say what that is",
          fix: "Name what is to go. REASSIGN OWNED keeps it, under another owner",
        },
      ];
    }
    const drop = inside(node, "DropStmt");
    // DROP SCHEMA has a rule of its own.
    const isDrop = drop?.behavior === "DROP_CASCADE" && drop.removeType !== "OBJECT_SCHEMA";
    const isTruncate = inside(node, "TruncateStmt")?.behavior === "DROP_CASCADE";
    const isPart = alterations(node).some(
      ({ command }) => command.behavior === "DROP_CASCADE" && command.subtype?.startsWith("AT_Drop") === true,
    );
    if (!isDrop && !isTruncate && !isPart) return [];
    // Nothing was there, and another rule says so.
    if (facts?.absent !== undefined) return [];
    const taken = (facts?.takesAlong ?? []).map(({ kind, name }) => `${kind} ${name}`);
    const emptied = (facts?.loses ?? []).flatMap((loss) => /^deletes all rows of (\S+)$/.exec(loss)?.[1] ?? []);
    const isTried = facts !== undefined && !isTruncate && taken.length === 0;
    if (isTried && drop?.removeType === "OBJECT_INDEX") return [];
    // Nothing of before depends on what is new, unless the migrations made it do so, which the trace has seen.
    if (isAboutNew(context) && taken.length === 0) return [];
    return [
      {
        message: isTruncate
          ? emptied.length > 0
            ? `TRUNCATE CASCADE empties more than is named here: ${listOf(emptied)}`
            : "TRUNCATE CASCADE empties every table that has a foreign key to this one"
          : taken.length > 0
            ? `CASCADE drops more than is named here: ${listOf(taken)}`
            : isTried
              ? "CASCADE drops whatever depends on this: nothing does by the migrations, but something may in a database in use"
              : "CASCADE drops whatever depends on this, and does not say what that is",
        severity: isTried ? "warning" : undefined,
        fix: "Name what is to go, and leave CASCADE out",
      },
    ];
  },
};

/** Whether all that it drops, empties or alters was made by what is linted. */
function isAboutNew({ node, world, isOld }: Context): boolean {
  const drop = inside(node, "DropStmt");
  const tables = [
    ...(inside(node, "TruncateStmt")?.relations ?? []),
    ...alterations(node).map(({ table }) => ({ RangeVar: table })),
  ];
  return [...(drop?.objects ?? []), ...tables].every((object) => {
    const code = inside(object, "ObjectWithArgs");
    if (code !== undefined) return world.isNewFunction(strings(code.objname));
    const type = inside(object, "TypeName");
    if (type !== undefined) return world.isNewType(strings(type.names));
    const list = inside(object, "List");
    const isPlain = drop === undefined || RELATIONS.has(drop.removeType ?? "");
    return isPlain && !isOld(list === undefined ? inside(object, "RangeVar") : rangeOf(strings(list.items)));
  });
}

const RELATIONS: ReadonlySet<string> = new Set(
  ["TABLE", "VIEW", "MATVIEW", "SEQUENCE", "INDEX", "FOREIGN_TABLE"].map((kind) => `OBJECT_${kind}`),
);

/** Those of a schema can be hundreds. */
function listOf(names: readonly string[]): string {
  return names.length <= 8 ? names.join(", ") : `${names.slice(0, 8).join(", ")} and ${names.length - 8} more`;
}
