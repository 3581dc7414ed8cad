import { quoteIdentifier } from "#sql/quote.ts";
import { extraOf, type ObjectId } from "../engine/object-id.ts";

/** An object, as people read of it. */
export interface Described {
  /** In PostgreSQL's words: "table", "materialized view", "comment". */
  readonly kind: string;
  /** Qualified, for people: "public.users.bio". */
  readonly name: string;
  /** The table or object that it belongs to, for finding it in files. */
  readonly path: readonly string[];
}

/** An identity in PostgreSQL's words. */
export function describe(id: ObjectId): Described {
  const of = (kind: string, ...path: string[]): Described => ({
    kind,
    name: dotted(path),
    path,
  });
  switch (id.kind) {
    case "column":
    case "constraint":
    case "trigger":
    case "rule":
    case "policy":
    case "default":
      return of(id.kind, id.schema, id.table, id.name);
    case "function":
    case "procedure":
    case "aggregate":
      return {
        kind: id.kind,
        name: `${dotted([id.schema, id.name])}(${id.args.join(", ")})`,
        path: [id.schema, id.name],
      };
    case "comment":
    case "securityLabel":
      return belonging(id.kind === "comment" ? "comment" : "security label", id.target);
    case "acl": {
      const grants = belonging("grants", id.target);
      return { ...grants, name: `${grants.name} to ${id.grantee === "" ? "PUBLIC" : id.grantee}` };
    }
    case "membership":
      return of("role membership", id.role, id.member);
    case "userMapping":
      return of("user mapping", id.server, id.role);
    case "typeAttribute":
      return of("type attribute", id.schema, id.type, id.name);
    case "publicationRel":
      return of("published table", id.publication, id.schema, id.table);
    case "publicationSchema":
      return of("published schema", id.publication, id.schema);
    case "defaultPrivilege":
      return of("default privileges", id.role, ...(id.schema === null ? [] : [id.schema]), id.objtype, id.grantee);
    case "extensionIntent": {
      const extra = extraOf(id);
      return extra === undefined ? of(id.intentKind, id.ext, id.key) : of(extra.kind, ...extra.path);
    }
    case "table":
    case "view":
    case "materializedView":
    case "foreignTable":
    case "sequence":
    case "index":
    case "collation":
    case "domain":
    case "type":
      return of(words(id.kind), id.schema, id.name);
    case "schema":
    case "role":
    case "extension":
    case "language":
    case "eventTrigger":
    case "publication":
    case "subscription":
    case "fdw":
    case "server":
      return of(id.kind === "fdw" ? "foreign data wrapper" : words(id.kind), id.name);
  }
}

/** Quoted is only what could be read as more names than one: two objects never have one name. */
function dotted(path: readonly string[]): string {
  return path.map((name) => (/[."]/.test(name) ? quoteIdentifier(name) : name)).join(".");
}

/** A comment, label or grant: named by what it is on. */
function belonging(kind: string, target: ObjectId): Described {
  const object = describe(target);
  return { kind: `${kind} on ${object.kind}`, name: object.name, path: object.path };
}

/** "materializedView" -> "materialized view" */
function words(kind: string): string {
  return kind.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}
