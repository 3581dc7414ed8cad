import type { Facts } from "../engine/facts.ts";
import type { ObjectId } from "../engine/object-id.ts";
import type { FolderKind } from "./layout.ts";

/** What a file is for. */
export interface Home {
  readonly folder: FolderKind;
  readonly schema?: string;
  readonly name: string;
  /** Functions of one name and other arguments have files of their own. */
  readonly args?: readonly string[];
}

/** The file that an object goes into. Pure. */
export function homeOf(facts: Facts, id: ObjectId): Home {
  switch (id.kind) {
    case "comment":
    case "acl":
    case "securityLabel":
      return homeOf(facts, id.target);
    case "column":
    case "default":
    case "constraint":
    case "trigger":
    case "rule":
    case "policy":
      return homeOfPart(facts, id);
    case "index": {
      const parent = facts.get(id)?.parent;
      if (parent?.kind === "materializedView") return homeOf(facts, parent);
      return { folder: "indexes", schema: id.schema, name: parent?.kind === "table" ? parent.name : id.name };
    }
    case "sequence": {
      const owner = facts.get(id)?.payload["ownedBy"] as { schema: string; table: string } | null | undefined;
      if (owner === null || owner === undefined) return homeOfObject(facts, id, "sequences");
      return homeOf(facts, { kind: "table", schema: owner.schema, name: owner.table });
    }
    case "table":
      return homeOfObject(
        facts,
        id,
        typeof facts.get(id)?.payload["partitionBound"] === "string" ? "partitions" : "tables",
      );
    case "foreignTable":
      return homeOfObject(facts, id, "tables");
    case "view":
      return homeOfObject(facts, id, "views");
    case "materializedView":
      return homeOfObject(facts, id, "materialized_views");
    case "function":
    case "procedure":
    case "aggregate":
      return homeOfObject(facts, id, "functions");
    case "collation":
    case "domain":
    case "type":
      return homeOfObject(facts, id, "types");
    case "typeAttribute":
      return homeOf(facts, { kind: "type", schema: id.schema, name: id.type });
    case "schema":
      return isMember(facts, id) ? EXTENSIONS : { folder: "common", name: "schemas" };
    case "extension":
    case "extensionIntent":
      return EXTENSIONS;
    case "fdw":
    case "server":
    case "userMapping":
      return isMember(facts, id) ? EXTENSIONS : { folder: "common", name: "foreign_servers" };
    case "publication":
    case "subscription":
      return { folder: "publications", name: id.name };
    case "publicationRel":
    case "publicationSchema":
      return { folder: "publications", name: id.publication };
    case "eventTrigger":
      return { folder: "event_triggers", name: id.name };
    case "defaultPrivilege":
      return { folder: "default_privileges", name: "default_privileges" };
    case "language":
    case "role":
    case "membership":
      return { folder: "common", name: "schemas" };
  }
}

const EXTENSIONS: Home = { folder: "common", name: "extensions" };

function homeOfObject(facts: Facts, id: Extract<ObjectId, { schema: string; name: string }>, folder: FolderKind): Home {
  if (isMember(facts, id)) return EXTENSIONS;
  return { folder, schema: id.schema, name: id.name, ...("args" in id ? { args: id.args } : {}) };
}

/** What belongs to a table or view, and is in its file or in a file of the same name. */
function homeOfPart(facts: Facts, id: Extract<ObjectId, { table: string; name: string }>): Home {
  const fact = facts.get(id);
  const parent = fact?.parent;
  const home: Home =
    parent === undefined ? { folder: "tables", schema: id.schema, name: id.table } : homeOf(facts, parent);
  if (home === EXTENSIONS) return home;
  switch (id.kind) {
    case "trigger":
    case "rule":
      return { ...home, folder: "triggers" };
    case "policy":
      return { ...home, folder: "policies" };
    case "constraint":
      return fact?.payload["type"] === "f" ? { ...home, folder: "foreign_keys" } : home;
    default:
      return home;
  }
}

function isMember(facts: Facts, id: ObjectId): boolean {
  return facts.outgoingEdges(id).some(({ kind }) => kind === "memberOfExtension");
}
