import type { Change } from "./changes.ts";
import type { Reading } from "./statement-words.ts";

/** Something that a statement may have made or changed. */
export interface Sought extends Pick<Change, "kind" | "path"> {
  /** Whose grants they are is told by their name alone. */
  readonly name?: string;
  readonly change?: Change["change"];
  readonly properties?: readonly Pick<Change["properties"][number], "property">[];
}

/** In the order in which they are looked for: what is in one list counts alike. */
export type Readings = readonly (readonly Reading[])[];

/** How statements read that make, change or take away something; those that are about just this first. Pure. */
export function changing(sought: Sought): Readings {
  const { kind, properties = [], change } = sought;
  const names = namesOf(sought);
  const special = properties.flatMap(({ property }) => ofProperty(property, sought));
  const own = KINDS_ALIKE[kind] ?? kind;
  // A change of a table neither makes nor takes it away.
  const isWhole = change === "added" || change === "dropped";
  const readings = readingsOf({ ...sought, kind: own }, isWhole ? "create|drop" : "create|alter|drop");
  if (!isWhole) return [special, ...readings];
  const renamed = [{ begins: /^alter /, names: ["rename", "to", ...names.slice(-1)] }];
  return [special, ...readings, renamed, ...readingsOf({ ...sought, kind: own }, "alter")];
}

/** How statements read that make something. Pure. */
export function making(sought: Sought): Readings {
  return readingsOf(sought, "create");
}

/** How statements read that take something away. Pure. */
export function taking(sought: Sought): Readings {
  const { kind } = sought;
  const names = namesOf(sought);
  const [own = ""] = names.slice(-1);
  if (kind === "column" || kind === "constraint") {
    return [[{ begins: OF_TABLE, names: [...names.slice(0, 1), "drop", own] }]];
  }
  return [[{ begins: new RegExp(`^drop ${WORDS[kind] ?? kind} `), names: [own] }]];
}

/** A definition of a table. */
export const OF_TABLE = /^(?:create|alter) (?:\w+ )?table /;

type Verbs = "create" | "alter" | "create|drop" | "create|alter|drop";

function readingsOf(sought: Sought, verbs: Verbs): Readings {
  const { kind } = sought;
  const names = namesOf(sought);
  const [table = ""] = names;
  const own = names.slice(-1);
  const begins = (word: string): RegExp => new RegExp(`^(?:${verbs}) (?:or replace )?(?:\\w+ )?${word} `);
  const onTable = (word: string, ...words: string[]): Reading => ({
    begins: ALTER_TABLE,
    names: [table, word, ...words],
  });
  switch (kind) {
    case "row security":
      return [[{ begins: /^alter /, names: [...names, "row", "level", "security"] }]];
    case "not null":
      return [
        [columnReading(names, COLUMN, "not", "null")],
        [{ begins: OF_TABLE, names: [table, "primary", "key", ...own] }],
      ];
    case "default":
      return [[columnReading(names, COLUMN, "default")]];
    case "column":
      return [[columnReading(names, COLUMNS[verbs])], [{ begins: OF_TABLE, names }]];
    case "constraint":
      return [
        [
          { begins: OF_TABLE, names: [table, "constraint", ...own] },
          { begins: /^(?:create|alter) domain /, names },
        ],
      ];
    case "policy":
      return [[{ begins: begins("policy"), names: own, isSubject: true, later: [table] }]];
    case "trigger":
    case "rule":
      return [
        [
          { begins: begins(kind), names: own, isSubject: true, later: [table] },
          ...(verbs.includes("alter") ? [onTable(kind, ...own)] : []),
        ],
      ];
    case "default privileges":
      return [[{ begins: /^alter default privileges /, names: own.map(asRole) }]];
    case "published table":
    case "published schema":
      return [[{ begins: begins("publication"), names: [sought.path[0] ?? "", ...own], isSubject: true }]];
    case "user mapping":
      return [[{ begins: begins("mapping"), names: sought.path.toReversed() }]];
    case "type attribute":
      return [[{ begins: begins("type"), names, isSubject: true }]];
    default:
      if (kind.startsWith("grants on ")) return grantsOf(sought, verbs);
      if (kind.startsWith("comment on ")) return [[{ begins: /^comment /, names }]];
      if (kind.startsWith("security label on ")) return [[{ begins: /^security label /, names }]];
      return [[{ begins: begins(WORDS[kind] ?? kind), names, isSubject: true }]];
  }
}

function grantsOf(sought: Sought, verbs: Verbs): Readings {
  const { kind, name, path } = sought;
  const names = namesOf(sought);
  const grantee = name === undefined ? [] : [asRole(name.slice(name.lastIndexOf(" to ") + 4))];
  if (verbs === "create")
    return [[{ begins: /^grant /, names: [...names, ...grantee] }], [{ begins: /^grant /, names }]];
  const begins = /^(?:grant|revoke) /;
  return [
    [
      { begins, names: [...names, ...grantee] },
      // All tables of a schema.
      ...(path.length < 2 ? [] : [{ begins, names: ["in", "schema", path[0] ?? "", ...grantee] }]),
    ],
    [{ begins: /^alter default privileges /, names: grantee }],
    // Something that is made anew has none of its former grants.
    ...readingsOf({ kind: kind.slice("grants on ".length), path }, "create|drop"),
  ];
}

/** What changes just this property. */
function ofProperty(property: string, sought: Sought): Reading[] {
  const { kind } = sought;
  const names = namesOf(sought);
  const own = names.slice(-1);
  if (property === "owner") return [{ begins: /^alter /, names: [...names, "owner"] }];
  if (kind === "column") {
    const words = COLUMN_WORDS[property];
    return words === undefined ? [] : [columnReading(names, COLUMN, ...words)];
  }
  if (property === "enabled" && (kind === "trigger" || kind === "rule")) {
    return [...own, "all", "user"].map((which) => ({ begins: ALTER_TABLE, names: [names[0] ?? "", kind, which] }));
  }
  const words = TABLE_WORDS[property];
  if (words !== undefined) return [{ begins: ALTER_TABLE, names: [...names, ...words] }];
  if (property !== "partitionBound") return [];
  return ["attach", "detach"].map((word) => ({ begins: ALTER_TABLE, names: [word, "partition", ...own] }));
}

function columnReading(names: readonly string[], column: RegExp, ...later: string[]): Reading {
  return { begins: OF_COLUMNS, names, isSubject: true, column, later };
}

/** The schema is seldom written out. */
export function namesOf({ path }: Pick<Sought, "path">): readonly string[] {
  return path.length > 1 ? path.slice(1) : path;
}

/** `TO PUBLIC` */
function asRole(name: string): string {
  return name === "PUBLIC" ? "public" : name;
}

const ALTER_TABLE = /^alter (?:\w+ )?table /;

/** What has columns. */
const OF_COLUMNS = /^(?:create|alter) (?:\w+ )?(?:table|view) /;

/** What stands before a column that an ALTER TABLE is about. */
const COLUMN = / (?:add|alter|drop|rename) (?:column )?(?:if (?:not )?exists )?$/;
const COLUMNS: Readonly<Record<Verbs, RegExp>> = {
  create: / (?:add (?:column )?(?:if not exists )?|rename (?:column )?\S+ to )$/,
  "create|drop": / (?:(?:add|drop|rename) (?:column )?(?:if (?:not )?exists )?|rename (?:column )?\S+ to )$/,
  alter: COLUMN,
  "create|alter|drop": COLUMN,
};

const COLUMN_WORDS: Readonly<Record<string, readonly string[]>> = {
  notNull: ["not", "null"],
  type: ["type"],
  identity: ["identity"],
};

const TABLE_WORDS: Readonly<Record<string, readonly string[]>> = {
  rowSecurity: ["row", "level", "security"],
  forceRowSecurity: ["row", "level", "security"],
  replicaIdentity: ["replica", "identity"],
};

/** Where SQL has another word than PostgreSQL's description. */
const WORDS: Readonly<Record<string, string>> = {
  "statistics object": "statistics",
  function: "(?:function|routine)",
  procedure: "(?:procedure|routine)",
};

/** Properties that are compared as something by themselves, by what they are of. */
const KINDS_ALIKE: Readonly<Record<string, string>> = {
  compression: "column",
  storage: "column",
  "statistics target": "column",
  "column options": "column",
  "foreign column options": "column",
  "generated column": "column",
  "not null constraint": "not null",
  comment: "comment on column",
  "index comment": "comment on index",
  "sequence comment": "comment on sequence",
  "trigger state": "trigger",
  "constraint validity": "constraint",
  "index options": "index",
  "sequence persistence": "sequence",
  "table access method": "table",
  "toast options": "table",
};
