/** What becomes of rows and values that are there. */
export interface DataLoss {
  readonly code: "DATA_LOSS";
  /**
   * `rows`: all of a table; `rows-of-partitions`: those of a partitioned table that the plan does not know; `values`: those of what is dropped; `next-number`: where a sequence was; `cut`: what does not fit into
   * `type`; `attributes`: those of a composite type called `names`; `attributes-and-cut`: both; `not-restored`: those that a way back
   * does not bring back as they were.
   */
  readonly reason:
    | "rows"
    | "rows-of-partitions"
    | "values"
    | "next-number"
    | "cut"
    | "attributes"
    | "attributes-and-cut"
    | "not-restored";
  readonly type?: string;
  readonly names?: readonly string[];
  /** A value that is not brought back, and what it becomes. */
  readonly example?: string;
}

/** What rows that are there do to a statement: most of these make it fail. */
export interface RowsHazard {
  readonly code: "ROWS";
  readonly reason: RowsReason;
  /** What values have to be read as, or fit into. */
  readonly type?: string;
  /** The partition that has had the rows of a new one. */
  readonly partition?: string;
  /** What PostgreSQL said. */
  readonly error?: string;
  /** Indexes and columns that a function has computed. */
  readonly computed?: readonly string[];
  /** How many numbers an identity has. */
  readonly count?: number;
  /** The bounds of a sequence. */
  readonly bounds?: readonly [lowest: string, highest: string];
  /** The one that fires for each row. */
  readonly trigger?: string;
  /** Those that send the rows to subscribers. */
  readonly publications?: readonly string[];
  /** Keys whose values may become equal. */
  readonly keys?: readonly string[];
  /** Whether an invalid index stays behind where it fails. */
  readonly leavesInvalid?: boolean;
}

export type RowsReason = keyof typeof ROWS_WORDS;

/** Who may see or write more than before. */
export interface SecurityHazard {
  readonly code: "SECURITY";
  readonly reason: keyof typeof SECURITY_WORDS;
  /** The policy that is another one, or calls what is another one. */
  readonly policy?: string;
  readonly publication?: string;
  /** Who owns it from here on. */
  readonly owner?: string;
  /** What rows are read through, or the table that is read. */
  readonly through?: string;
  readonly relation?: string;
}

/** What can go wrong when a statement runs on a database in use. Codes and reasons are for programs, `describeHazard` is for people. */
export type Hazard =
  | { readonly code: "SECRET" }
  | SecurityHazard
  | (DataLoss & { readonly relation?: string })
  | (RowsHazard & { readonly relation?: string })
  /** Every row of `relations` is written anew, or read, while others wait. */
  | { readonly code: "REWRITE" | "SCAN"; readonly relations: readonly string[] }
  | {
      readonly code: "LOCK";
      readonly relations: readonly string[];
      /** Who waits: everybody, or whoever writes. */
      readonly blocks: "reads" | "writes";
      readonly until: "commit" | "end" | "moment";
    }
  /** How to do without what it does to a table in use. */
  | { readonly code: "ONLINE"; readonly advice: string };

/** A hazard as a sentence: "DATA LOSS: its rows are gone." Pure. */
export function describeHazard(hazard: Hazard): string {
  return `${hazard.code.replace("_", " ")}: ${wordsOf(hazard)}.`;
}

function wordsOf(hazard: Hazard): string {
  switch (hazard.code) {
    case "SECRET":
      return "replace the placeholder with the real secret before running this";
    case "SECURITY":
      return SECURITY_WORDS[hazard.reason]({ relation: "the table", ...hazard });
    case "DATA_LOSS":
      return lossWords(hazard);
    case "ROWS":
      return rowsWords(hazard);
    case "REWRITE":
      return `every row of ${list(hazard.relations)} is rewritten under the lock`;
    case "SCAN":
      return `every row of ${list(hazard.relations)} is read under the lock`;
    case "LOCK":
      return `${hazard.blocks === "reads" ? "reads and writes of" : "writes to"} ${list(hazard.relations)} wait ${UNTIL[hazard.until]}`;
    case "ONLINE":
      return hazard.advice;
  }
}

const SECURITY_WORDS = {
  "row-security-off": ({ relation }: Exposed) => `policies no longer limit who sees which rows of ${relation}`,
  "row-security-not-forced": ({ relation }: Exposed) =>
    `policies no longer limit which rows the owner of ${relation} sees`,
  "granted-to-public": () => "everybody who can connect gets this right",
  "public-by-default": () =>
    "everybody who can connect may use it then, as PostgreSQL lets them use what is made anew, and nothing revokes that",
  "granted-to-public-later": () => "everybody who can connect gets this right to whatever is made later",
  "mapping-for-public": () => "everybody who may use the server sees there what this user may see",
  "policy-condition": ({ relation, policy }: Exposed) =>
    `the policy ${policy} has another condition, or one over other types, which may let through rows of ${relation} that the old one kept back. Compare the two`,
  "policy-check-gone": ({ relation, policy }: Exposed) =>
    `the policy ${policy} no longer has a WITH CHECK, and may accept rows written to ${relation} that it refused before`,
  "policy-scope": ({ relation, policy }: Exposed) =>
    `the policy ${policy} holds for other roles or commands, or no longer restricts, and may let through rows of ${relation} that it kept back`,
  "policy-new": ({ relation, policy }: Exposed) =>
    `the policy ${policy} may let through rows of ${relation} that were kept back`,
  "policy-gone": ({ relation, policy }: Exposed) =>
    `the policy ${policy} no longer keeps back rows of ${relation} that others let through`,
  "policy-function": ({ relation, policy }: Exposed) =>
    `the policy ${policy} calls this function, and may let through rows of ${relation} that it kept back. Compare the two`,
  "policy-through": ({ relation, policy }: Exposed) =>
    `the policy ${policy} goes by what this gives, and may let through rows of ${relation} that it kept back. Compare the two`,
  published: ({ publication }: Exposed) => `subscribers of ${publication} get rows that they did not get before`,
  "published-columns": ({ relation, publication }: Exposed) =>
    `subscribers of ${publication} get columns of ${relation} that they did not get before`,
  "published-rows": ({ relation, publication }: Exposed) =>
    `other rows of ${relation} go to subscribers of ${publication}, maybe some that were kept back. Compare the two conditions`,
  "published-root": ({ publication }: Exposed) =>
    `of ${publication}, other conditions and lists of columns hold: those of partitioned tables, or those of their partitions. Compare them`,
  "published-generated": ({ publication }: Exposed) =>
    `subscribers of ${publication} get generated columns that they did not get before`,
  "published-changes": ({ publication }: Exposed) =>
    `subscribers of ${publication} get changes that they did not get before`,
  "view-invoker-off": ({ relation }: Exposed) =>
    `${relation} reads with the rights of its owner from here on, whatever rights and policies hold for who reads it`,
  "view-barrier-off": ({ relation }: Exposed) =>
    `functions of whoever reads ${relation} may be given rows that it does not show`,
  "view-check-off": ({ relation }: Exposed) => `rows that ${relation} does not show can be written through it`,
  "view-past-policies": ({ relation, through }: Exposed) =>
    `whoever may read ${relation} sees rows of ${through} that policies keep back from them`,
  definer: () => "it runs with the rights of its owner, whoever calls it",
  "definer-path": () =>
    "names in it mean what the search_path of its caller says, and it runs with the rights of its owner. Give it SET search_path",
  leakproof: () => "it may be given values that policies and views keep back from who calls it",
  owner: ({ owner }: Exposed) => `${owner} owns it from here on, and may do anything with it`,
  "owner-past-policies": ({ owner }: Exposed) =>
    `${owner} owns it from here on, and may do anything with it, whatever its policies say`,
  "owner-rights": ({ owner }: Exposed) => `it reads and runs with the rights of ${owner} from here on`,
  part: ({ relation, through }: Exposed) =>
    `whoever may read ${through} sees rows of ${relation} in it, where policies of ${relation} do not hold`,
};

type Exposed = Omit<SecurityHazard, "code" | "reason">;

const UNTIL = { commit: "until the migration is committed", end: "until it is done", moment: "for a moment" } as const;

/** "its rows are gone" Pure. */
export function lossWords({ reason, type = "", names = [], example }: DataLoss): string {
  const gone = `what ${names.join(", ")} held is gone`;
  const cut = `values are cut or rounded to fit into ${type}`;
  switch (reason) {
    case "rows":
      return "its rows are gone";
    case "rows-of-partitions":
      return "the rows of partitions that are not named here are gone";
    case "values":
      return "what it held is gone";
    case "next-number":
      return "its next number is gone";
    case "cut":
      return cut;
    case "attributes":
      return gone;
    case "not-restored":
      return example === undefined
        ? "old values may not all come back"
        : `old values do not all come back, as ${example}`;
    case "attributes-and-cut":
      return `${gone}, and ${cut}`;
  }
}

/** "fails if two share a key" Pure. */
export function rowsWords(hazard: RowsHazard): string {
  const { reason, keys, leavesInvalid } = hazard;
  return [
    ...(keys === undefined || reason === "equal-values" ? [] : [ROWS_WORDS["equal-values"](hazard)]),
    ROWS_WORDS[reason](hazard),
    ...(leavesInvalid === true ? ["leaves an invalid index behind"] : []),
  ].join(", and ");
}

/** What rows there are that make a statement fail, or what it takes for granted about them. */
const ROWS_WORDS = {
  null: () => "fails if one has NULL here",
  "no-value": () => "fails on a table that has any. Give it a DEFAULT, or add it, fill it, then SET NOT NULL",
  check: () => "fails if an existing row violates this",
  unvalidated: () =>
    "holds for all that is written from here on, so that an UPDATE of one that violates this fails, whatever it changes. Clean up, and let the application write none, before this runs",
  "foreign-key": () => "fails if one refers to what is not there",
  "primary-key": () => "fails if two share a key, or one has none",
  unique: () => "fails if two share a key",
  exclusion: () => "fails if two of them exclude each other",
  bound: () => "fails if one does not belong there",
  referenced: () => "fails if rows outside the partition refer to rows in it",
  "default-partition": ({ partition = "" }: Details) =>
    `fails if ${partition} has some that belong here: move them out before`,
  unreadable: ({ type = "" }: Details) => `fails if a value cannot be read as ${type}`,
  "unreadable-text": ({ type = "" }: Details) =>
    `fails if a value, written as text, cannot be read as ${type}. Write USING by hand where it can be said otherwise`,
  "too-large": ({ type = "" }: Details) => `fails if a value does not fit into ${type}`,
  "too-long": ({ type = "" }: Details) =>
    `fails if a text is too long for ${type}; blanks at its end that do not fit are cut`,
  "removed-value": () => "fails if a row still uses the removed value",
  "equal-values": ({ keys = [] }: Details) => `fails if values that ${list(keys)} tells apart become equal`,
  "time-zone": () => "takes values to be in the session's TimeZone",
  "json-text": ({ type = "" }: Details) =>
    `fails if a value cannot be read as ${type}, which keeps the last of keys that are the same, and neither their order nor white space`,
  "json-keys": () => "keeps the last of keys that are the same in a document, and neither their order nor white space",
  "few-numbers": ({ count = 0 }: Details) =>
    `fails on a table with more rows than the identity has numbers: ${count.toLocaleString("en")}`,
  "outside-bounds": ({ bounds = ["", ""] }: Details) =>
    `fails if the sequence has come to a number that is not between ${bounds.join(" and ")}`,
  stale: ({ computed = [] }: Details) =>
    `${list(computed)} ${computed.length === 1 ? "keeps" : "keep"} what the function gave before: REINDEX an index, and write the rows anew for a column`,
  restart: () => "numbers begin again, and may be taken",
  "not-filled": ({ error = "" }: Details) =>
    `it has none before REFRESH MATERIALIZED VIEW: its query fails in empty tables (${error})`,
  published: ({ publications = [] }: Details) =>
    `stops replication to subscribers of ${list(publications)} that lack this column, as soon as a row is written: add it there first`,
  filled: () => "fills those that are there, in batches",
  "filled-with-trigger": ({ trigger = "" }: Details) =>
    `fills those that are there, in batches; the trigger ${trigger} fires for each, and may change more of it (updated_at). Behind the marker, triggers:off instead of triggers:on keeps it from that`,
};

type Details = Pick<
  RowsHazard,
  "type" | "partition" | "error" | "trigger" | "publications" | "count" | "bounds" | "computed" | "keys"
>;

/** Partitions can be many. */
/** So many relations are named in a sentence. */
export const NAMED = 3;

function list(names: readonly string[]): string {
  const shown = names.slice(0, NAMED).join(", ");
  return names.length <= NAMED ? shown : `${shown} and ${names.length - NAMED} more`;
}
