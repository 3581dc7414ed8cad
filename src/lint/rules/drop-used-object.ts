import { inside, type Node, strings } from "#sql/parser.ts";
import { absentNote } from "../absent.ts";
import type { Found, Rule } from "../rule.ts";
import { dropped, nameOfParts } from "../syntax.ts";

export const dropUsedObject: Rule = {
  id: "drop-used-object",
  title: "DROP of a view, function, type or sequence in use",
  group: "data",
  severity: "warning",
  severityElse: "note where IF EXISTS found nothing",
  asks: ["syntax", "neighbours"],
  why: "Applications that use a view or call a function fail as soon as it is gone, and it is gone when the migration commits.",
  instead:
    "First deploy applications that do without it, then drop it. To change one, `CREATE OR REPLACE` keeps its name there all the time.",
  wrong: "DROP VIEW active_users;",
  right: "DROP VIEW active_users;\nCREATE VIEW active_users AS SELECT 1 AS id;",
  atEnd({ node, world, isOld, file, statement, facts }) {
    const at = file.statements.indexOf(statement);
    const before = file.statements.slice(0, at);
    const made = (name: string): boolean =>
      file.statements
        .slice(at + 1)
        .some(({ node: other }) => strings(inside(other, "CreateFunctionStmt")?.funcname).at(-1) === name);
    // Nobody has used it by a name that it was given here.
    const isOwn = ({ parts }: { readonly parts: readonly string[] }): boolean =>
      before.some(({ node: other }) => givesName(other, parts.at(-1)));
    const relations = ["OBJECT_VIEW", "OBJECT_MATVIEW", "OBJECT_SEQUENCE"].flatMap((type) =>
      dropped(node, type).filter(
        ({ parts }) => world.findByParts(parts) === undefined && isOld({ relname: parts.at(-1) ?? "" }),
      ),
    );
    // What `serial` made was used by its column alone.
    const isOfSerial = ({ parts }: { readonly parts: readonly string[] }): boolean =>
      inside(node, "DropStmt")?.removeType === "OBJECT_SEQUENCE" &&
      [...world.relations.values()].some(
        ({ kind, name }) => kind === "table" && parts.at(-1)?.startsWith(`${name}_`) && parts.at(-1)?.endsWith("_seq"),
      );
    const drop = inside(node, "DropStmt");
    const isCode = drop?.removeType === "OBJECT_FUNCTION" || drop?.removeType === "OBJECT_PROCEDURE";
    const functions = (isCode ? (drop.objects ?? []) : [])
      .map((object) => ({ parts: strings(inside(object, "ObjectWithArgs")?.objname) }))
      .filter(
        ({ parts }) => !made(parts.at(-1) ?? "") && !world.isNewFunction(parts) && !world.isTriggerFunction(parts),
      );
    const types = ["OBJECT_TYPE", "OBJECT_DOMAIN"].flatMap((type) =>
      (drop?.removeType === type ? (drop.objects ?? []) : []).map((object) => ({
        parts: strings(inside(object, "TypeName")?.names),
      })),
    );
    const gone = [...relations, ...functions, ...types.filter(({ parts }) => !world.isNewType(parts))];
    const found = gone
      .filter((object) => !isOwn(object) && !isOfSerial(object))
      .map(({ parts }): Found => ({
        message: `Applications that use ${nameOfParts(parts)} fail as soon as this commits`,
        fix: "Drop it when nothing uses it any more",
      }));
    return found.length > 0 ? (absentNote(facts) ?? found) : found;
  },
};

/** Whether a statement makes a view or sequence, or gives an object that name. */
function givesName(node: Node | undefined, name: string | undefined): boolean {
  const made =
    inside(node, "ViewStmt")?.view ??
    inside(node, "CreateSeqStmt")?.sequence ??
    inside(node, "CreateTableAsStmt")?.into?.rel;
  return made?.relname === name || inside(node, "RenameStmt")?.newname === name;
}
