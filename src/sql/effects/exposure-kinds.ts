/** How something comes about, as it is said in parentheses: "GRANT admin". */
interface By {
  readonly how: string;
}

/** What a statement shows to people who could not see it before. Names are folded, with a schema where one is written. */
export type ExposureKind =
  | { readonly kind: "row-security-off"; readonly table: string }
  | { readonly kind: "row-security-not-forced"; readonly table: string }
  /** A view that is no `security_barrier` any more. */
  | { readonly kind: "barrier-off"; readonly view: string; readonly isReplaced: boolean }
  | { readonly kind: "leakproof"; readonly routine: string }
  /** A right for PUBLIC. */
  | {
      readonly kind: "granted";
      readonly of: keyof typeof GRANTED;
      readonly names: readonly string[];
      readonly rights: string;
    }
  | { readonly kind: "granted-later"; readonly what: string }
  /** Functions that everybody may call from now on, or all that are made later. */
  | { readonly kind: "granted-calls"; readonly routines: readonly string[] | "later" }
  /** Membership in a role of PostgreSQL itself. */
  | ({ readonly kind: "predefined-role"; readonly shown: string; readonly members: readonly string[] } & By)
  | { readonly kind: "role-attribute"; readonly role: string; readonly attribute: RoleAttribute }
  | {
      readonly kind: "published";
      readonly publication: string;
      readonly tables: readonly string[];
      readonly schemas: readonly string[] | undefined;
    }
  /** Credentials of another server that every role uses. */
  | { readonly kind: "user-mapping"; readonly server: string }
  | { readonly kind: "copied-out"; readonly table: string | undefined; readonly isProgram: boolean }
  /** A view or copy that the policies of the tables do not hold for; without a table, its tables are not known. */
  | {
      readonly kind: "read-past-policies";
      readonly table: string | undefined;
      readonly reader: string;
      readonly isCopy: boolean;
    }
  /** Another table in the place of one with policies. */
  | { readonly kind: "policies-stay"; readonly table: string; readonly old: string }
  | { readonly kind: "policy"; readonly table: string; readonly policy: string; readonly verb: string }
  /** A function or view that policies use is another one: "VIEW app.shown". */
  | { readonly kind: "policy-code"; readonly what: string; readonly tables: readonly string[] }
  | { readonly kind: "table-owner"; readonly table: string; readonly owner: string }
  | { readonly kind: "owner-of-all"; readonly owner: string }
  /** Membership in a role that no policy stops. */
  | ({ readonly kind: "mighty-role"; readonly role: string; readonly members: readonly string[] } & By)
  /** A table that becomes a part of another. */
  | ({ readonly kind: "part"; readonly table: string; readonly through: string } & By)
  | { readonly kind: "definer"; readonly routine: string }
  | { readonly kind: "routine-owner"; readonly routine: string; readonly owner: string }
  | { readonly kind: "view-owner"; readonly view: string; readonly owner: string }
  /** Somebody took the right from PUBLIC, which the new object gives it again. */
  | { readonly kind: "right-again"; readonly what: string; readonly right: string };

export type RoleAttribute = "SUPERUSER" | "BYPASSRLS" | "REPLICATION" | "CREATEROLE";

/** With what runs it, where that is not the statement itself. */
export type Exposure = ExposureKind & { readonly by?: string };

/** In a few words that go on from "exposes". Pure. */
export function exposureWords(exposure: Exposure): string {
  const words = wordsOf(exposure);
  return exposure.by === undefined ? words : `${words}, by running ${exposure.by}`;
}

/** Whether two say the same. Pure. */
export function isSameExposure(one: Exposure, other: Exposure): boolean {
  return exposureWords(one) === exposureWords(other);
}

function wordsOf(exposure: ExposureKind): string {
  switch (exposure.kind) {
    case "row-security-off":
      return `every row of ${exposure.table} to whoever may read it (DISABLE ROW LEVEL SECURITY)`;
    case "row-security-not-forced":
      return `every row of ${exposure.table} to its owner (NO FORCE ROW LEVEL SECURITY)`;
    case "barrier-off": {
      const how = exposure.isReplaced ? ", as it is no security_barrier any more" : " (security_barrier)";
      return `rows that VIEW ${exposure.view} keeps back to functions of whoever reads it${how}`;
    }
    case "leakproof":
      return `values that policies and security_barrier views keep back to FUNCTION ${exposure.routine}, whoever calls it (LEAKPROOF)`;
    case "granted":
      return `${GRANTED[exposure.of](exposure.names.join(", "))} (GRANT ${exposure.rights} TO PUBLIC)`;
    case "granted-later":
      return `every ${exposure.what} that is made later to every role (ALTER DEFAULT PRIVILEGES ... TO PUBLIC)`;
    case "granted-calls":
      return exposure.routines === "later"
        ? "every function that is made later to every role (GRANT EXECUTE TO PUBLIC)"
        : `what ${exposure.routines.join(", ")} may read with the rights of the owner to every role (GRANT EXECUTE TO PUBLIC)`;
    case "predefined-role":
      return `${exposure.shown} to ROLE ${exposure.members.join(", ")} (${exposure.how})`;
    case "role-attribute":
      return `${ATTRIBUTES[exposure.attribute](exposure.role)} (${exposure.attribute})`;
    case "published":
      return publishedWords(exposure);
    case "user-mapping":
      return `what SERVER ${exposure.server} shows to every role that may use it (USER MAPPING FOR PUBLIC)`;
    case "copied-out": {
      const rows = exposure.table === undefined ? "the rows of a query" : `rows of ${exposure.table}`;
      return `${rows} to a ${exposure.isProgram ? "program" : "file"} on the server (COPY)`;
    }
    case "read-past-policies": {
      const { table, reader, isCopy } = exposure;
      if (table === undefined)
        return `rows of the tables of ${reader} to whoever may read it, whatever their policies say`;
      const how = isCopy ? "which has none of its policies" : "whatever its policies say";
      return `rows of ${table} to whoever may read ${reader}, ${how}`;
    }
    case "policies-stay":
      return `rows of ${exposure.table} to whoever may read it, as the policies stay with ${exposure.old}`;
    case "policy":
      return `rows of ${exposure.table} that its policies may have kept from others (${exposure.verb} POLICY ${exposure.policy})`;
    case "policy-code":
      return `rows of ${exposure.tables.join(", ")} that policies may have kept from others, as these go by ${exposure.what}`;
    case "table-owner":
      return `every row of ${exposure.table} to ROLE ${exposure.owner}, as policies do not hold for its owner (OWNER TO)`;
    case "owner-of-all":
      return `every row of tables with row level security to ROLE ${exposure.owner}, as policies do not hold for their owner (REASSIGN OWNED)`;
    case "mighty-role":
      return `whatever ROLE ${exposure.role} may see, whom no policy stops, to ROLE ${exposure.members.join(", ")} (${exposure.how})`;
    case "part":
      return `rows of ${exposure.table} to whoever may read ${exposure.through}, where its policies do not hold (${exposure.how})`;
    case "definer":
      return `what ${exposure.routine} reads with its owner's rights to whoever may call it (SECURITY DEFINER)`;
    case "routine-owner":
      return `what ${exposure.routine} may read with the rights of ROLE ${exposure.owner}, whom no policy stops, to whoever may call it (OWNER TO)`;
    case "right-again":
      return `${exposure.what} to every role, as it is recreated without REVOKE ${exposure.right} FROM PUBLIC`;
    case "view-owner":
      return `what ROLE ${exposure.owner} may see, whom no policy stops, to whoever may read VIEW ${exposure.view} (OWNER TO)`;
  }
}

const GRANTED = {
  tables: (names: string) => `${names} to every role`,
  "schema-tables": (names: string) => `every table of ${names} to every role`,
  sequences: (names: string) => `SEQUENCE ${names} to every role`,
  "schema-sequences": (names: string) => `every sequence of ${names} to every role`,
  "large-objects": () => "large objects to every role",
  schema: (names: string) => `SCHEMA ${names} to whatever any role makes in it`,
  "schema-use": (names: string) => `what PUBLIC has rights on in SCHEMA ${names} to every role`,
  database: (names: string) => `DATABASE ${names} to whatever any role makes in it`,
  "database-use": (names: string) => `what PUBLIC has rights on in DATABASE ${names} to every role`,
  tablespace: (names: string) => `TABLESPACE ${names} to whatever any role puts into it`,
  server: (names: string) => `SERVER ${names} to every role`,
  wrapper: (names: string) => `FOREIGN DATA WRAPPER ${names} to every role, for servers of its own`,
};

const ATTRIBUTES: Readonly<Record<RoleAttribute, (role: string) => string>> = {
  SUPERUSER: (role) => `everything to ROLE ${role}`,
  BYPASSRLS: (role) => `every row to ROLE ${role}, whatever policies say`,
  REPLICATION: (role) => `every row to ROLE ${role}, who may replicate the whole server`,
  CREATEROLE: (role) => `what other roles may see to ROLE ${role}, who may grant itself roles`,
};

function publishedWords({ publication, tables, schemas }: ExposureKind & { kind: "published" }): string {
  const to = `to subscribers of PUBLICATION ${publication}`;
  const later = `also those that are made later, ${to}`;
  if (schemas === undefined) return `rows of ${tables.join(", ")} ${to}`;
  return schemas.length === 0
    ? `every table, ${later} (FOR ALL TABLES)`
    : `every table of ${schemas.join(", ")}, ${later} (TABLES IN SCHEMA)`;
}
