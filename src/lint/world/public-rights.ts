import { inside, type NodeOf, strings } from "#sql/parser.ts";
import type { Relations } from "./relations.ts";

/** The tables on which PUBLIC, which is everybody, was given rights; a new table gives it none. */
export class PublicRights {
  /** Tables by their key and schemas as `schema.*`, with the file that gave them. */
  readonly #given = new Map<string, number>();

  /** Notes what GRANT and REVOKE do to tables. */
  apply(relations: Relations, grant: NodeOf<"GrantStmt">): void {
    if (!isOfPublic(grant) || grant.objtype !== "OBJECT_TABLE") return;
    for (const object of grant.objects ?? []) {
      const range = inside(object, "RangeVar");
      const key = range === undefined ? `${inside(object, "String")?.sval ?? ""}.*` : relations.keyOf(range);
      if (grant.is_grant === true) this.#given.set(key, relations.here);
      else if (grant.privileges === undefined && grant.grant_option !== true) this.#given.delete(key);
    }
  }

  /** Notes rights that tables of later have from the beginning. */
  applyDefaults(relations: Relations, { action, options }: NodeOf<"AlterDefaultPrivilegesStmt">): void {
    if (action === undefined || !isOfPublic(action) || action.objtype !== "OBJECT_TABLE" || action.is_grant !== true)
      return;
    const schemas = (options ?? []).flatMap((node) => {
      const option = inside(node, "DefElem");
      return option?.defname === "schemas" ? strings(inside(option.arg, "List")?.items) : [];
    });
    for (const schema of schemas.length === 0 ? ["*"] : schemas) this.#given.set(`${schema}.*`, relations.here);
  }

  /** Whether they were given in a file of which this holds. */
  has(key: string, isIn: (file: number) => boolean): boolean {
    const schema = `${key.slice(0, key.indexOf("."))}.*`;
    return [key, schema, "*.*"].some((one) => {
      const file = this.#given.get(one);
      return file !== undefined && isIn(file);
    });
  }
}

function isOfPublic({ grantees }: NodeOf<"GrantStmt">): boolean {
  return (grantees ?? []).some((role) => inside(role, "RoleSpec")?.roletype === "ROLESPEC_PUBLIC");
}
