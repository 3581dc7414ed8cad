import { encodeId as encode, type StableId } from "@supabase/pg-delta/core";

/**
 * What an object is called. Its parts are names as PostgreSQL keeps them, without quotes; argument types are as format_type
 * writes them.
 */
export type ObjectId =
  | { readonly kind: GlobalKind; readonly name: string }
  | { readonly kind: QualifiedKind; readonly schema: string; readonly name: string }
  | { readonly kind: PartKind; readonly schema: string; readonly table: string; readonly name: string }
  | { readonly kind: RoutineKind; readonly schema: string; readonly name: string; readonly args: readonly string[] }
  | { readonly kind: "membership"; readonly role: string; readonly member: string }
  | { readonly kind: "userMapping"; readonly server: string; readonly role: string }
  | { readonly kind: "typeAttribute"; readonly schema: string; readonly type: string; readonly name: string }
  | { readonly kind: "publicationRel"; readonly publication: string; readonly schema: string; readonly table: string }
  | { readonly kind: "publicationSchema"; readonly publication: string; readonly schema: string }
  | { readonly kind: "comment"; readonly target: ObjectId }
  /** With a column where the rights are to that alone. */
  | { readonly kind: "acl"; readonly target: ObjectId; readonly grantee: string; readonly column?: string }
  | { readonly kind: "securityLabel"; readonly target: ObjectId; readonly provider: string }
  | {
      readonly kind: "defaultPrivilege";
      readonly role: string;
      readonly schema: string | null;
      readonly objtype: string;
      readonly grantee: string;
    }
  | { readonly kind: "extensionIntent"; readonly ext: string; readonly intentKind: string; readonly key: string };

type GlobalKind =
  | "schema"
  | "role"
  | "extension"
  | "language"
  | "eventTrigger"
  | "publication"
  | "subscription"
  | "fdw"
  | "server";

type QualifiedKind =
  | "table"
  | "view"
  | "materializedView"
  | "foreignTable"
  | "sequence"
  | "index"
  | "collation"
  | "domain"
  | "type";

/** Of a default, the name is its column's. */
type PartKind = "column" | "constraint" | "trigger" | "rule" | "policy" | "default";

type RoutineKind = "function" | "procedure" | "aggregate";

const OURS = "confiture";

/** What something is called that the planner knows nothing of, and has in its graph all the same. */
export function extraId(kind: string, path: readonly string[]): ObjectId {
  return { kind: "extensionIntent", ext: OURS, intentKind: kind, key: JSON.stringify(path) };
}

/** The other way round; undefined for what the planner knows. */
export function extraOf(id: ObjectId): { readonly kind: string; readonly path: readonly string[] } | undefined {
  if (id.kind !== "extensionIntent" || id.ext !== OURS) return undefined;
  return { kind: id.intentKind, path: JSON.parse(id.key) as string[] };
}

/** One text for an object, for maps and sets: the same for the same object. */
export function encodeId(id: ObjectId): string {
  return encode(id as StableId);
}
