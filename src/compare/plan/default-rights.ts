import type { Fact } from "../engine/facts.ts";
import type { ObjectId } from "../engine/object-id.ts";
import type { Action } from "../engine/actions.ts";
import { quoteIdentifier, quoteQualified } from "#sql/quote.ts";
import type { Catalogue } from "../catalogue/catalogue.ts";

/**
 * Default privileges give rights to whatever a role makes, and which role will run a migration is not known when it is
 * planned. What those of any role but the builder's would give to a new object, and the schema does not, is taken away as
 * soon as the object is there; the schema's own grants come afterwards. Pure.
 * @returns the statements to come behind an action
 */
export function withoutDefaultRights(from: Catalogue, to: Catalogue): (action: Action) => string[] {
  if (to.builder === undefined) return () => [];
  const defaults = [...from.facts.facts(), ...to.facts.facts()].flatMap(({ id, payload }) =>
    id.kind === "defaultPrivilege" && id.role !== to.builder && id.grantee !== id.role && !isEmpty(payload)
      ? [{ ...id, privileges: payload["privileges"] as string[] }]
      : [],
  );
  if (defaults.length === 0) return () => [];
  const takenFrom = (made: ObjectId): string[] => {
    const object = grantable(to.facts.get(made));
    if (object === undefined) return [];
    const { objtype, schema, sql, builtIn } = object;
    const given = defaults.filter(
      ({ objtype: type, schema: only, grantee, privileges }) =>
        type === objtype &&
        (only === null || only === schema) &&
        !(grantee === "PUBLIC" && builtIn) &&
        !privileges.every((privilege) => rightsOf(made, grantee, to).includes(privilege)),
    );
    const grantees = new Set(given.map(({ grantee }) => (grantee === "PUBLIC" ? grantee : quoteIdentifier(grantee))));
    return grantees.size === 0 ? [] : [`REVOKE ALL ON ${sql} FROM ${[...grantees].toSorted().join(", ")}`];
  };
  return ({ verb, produces }) => (verb === "create" ? produces.flatMap(takenFrom) : []);
}

function isEmpty(payload: Fact["payload"]): boolean {
  return (payload["privileges"] as string[]).length === 0;
}

function rightsOf(target: ObjectId, grantee: string, { facts }: Catalogue): readonly string[] {
  if (target.kind === "column") return [];
  return (facts.get({ kind: "acl", target, grantee })?.payload["privileges"] ?? []) as string[];
}

interface Grantable {
  /** As in pg_default_acl.defaclobjtype. */
  readonly objtype: string;
  readonly schema: string | null;
  /** As in a REVOKE. */
  readonly sql: string;
  /** Whether everybody has rights to it from the beginning. */
  readonly builtIn: boolean;
}

function grantable(fact: Fact | undefined): Grantable | undefined {
  const id = fact?.id;
  switch (id?.kind) {
    case "table":
    case "view":
    case "materializedView":
    case "foreignTable":
      return of("r", id.schema, `TABLE ${quoteQualified(id.schema, id.name)}`);
    case "sequence":
      return of("S", id.schema, `SEQUENCE ${quoteQualified(id.schema, id.name)}`);
    case "column": {
      const { sequence } = (fact!.payload["identity"] ?? {}) as {
        readonly sequence?: { schema: string; name: string } | null;
      };
      if (sequence === undefined || sequence === null) return undefined;
      return of("S", id.schema, `SEQUENCE ${quoteQualified(sequence.schema, sequence.name)}`);
    }
    case "function":
    case "procedure":
    case "aggregate":
      return {
        ...of("f", id.schema, `ROUTINE ${quoteQualified(id.schema, id.name)}(${id.args.join(", ")})`),
        builtIn: true,
      };
    case "type":
    case "domain":
      return { ...of("T", id.schema, `TYPE ${quoteQualified(id.schema, id.name)}`), builtIn: true };
    case "schema":
      return of("n", null, `SCHEMA ${quoteIdentifier(id.name)}`);
    default:
      return undefined;
  }
}

function of(objtype: string, schema: string | null, sql: string): Grantable {
  return { objtype, schema, sql, builtIn: false };
}
