import { quoteLiteral } from "#sql/quote.ts";
import type { WrittenPath } from "../finding.ts";
import type { ColumnProof, Family, SyncColumn, SyncInside, TokenKind } from "../plan.ts";
import type { Options } from "./options.ts";

/** One way to replace values. A file each; `registry.ts` lists them. */
export interface Transform {
  readonly name: string;
  /** What it does, for the reference: one sentence or two. */
  readonly summary: string;
  /** A result, for the reference. */
  readonly result: string;
  /** Rules that use it, as values in YAML, for the reference. The first is the shortest. */
  readonly examples: readonly string[];
  /** `any` takes whole values of every type. */
  readonly takes: readonly Family[] | "any";
  /**
   * The transform with its options.
   * @param options reads and checks what the rule says
   */
  make(options: Options, subject: Subject): Made;
}

/** What is transformed: a column, an element of an array, or a value inside of a document. */
export interface Subject {
  readonly family: Family;
  /** pg_type.typname: "int4". */
  readonly baseType: string;
  /** The schema of that type. */
  readonly typeSchema: string;
  /** Of varchar(n) and char(n). */
  readonly length: number | null;
  /** Paths or keys that stay, where the rule has `keep` beside the transform. */
  readonly keep: Options | undefined;
  /** Whether the rule says that keys of documents that no path names may be copied as they are. */
  readonly keepsKeys: boolean;
  /** The column that most likely says whose a row is, as YAML has its name. */
  readonly person: string;
  /** The same, or the key of the row. */
  readonly row: string;
  /** Makes the rule that stands inside of this one, for a value in a document. */
  readonly nested: (options: Options, path: string) => Nested;
  /** The transformed value of another column of the table. */
  readonly transformed: (options: Options, column: string) => string;
  /** The original of another column, and the domain of what it identifies. */
  readonly original: (options: Options, column: string) => { readonly sql: string; readonly domain: string };
}

/** A rule for a value inside of a document. */
export interface Nested {
  /** The value stays. */
  readonly kept: boolean;
  /** The result is the same for a value of any kind. */
  readonly isConstant: boolean;
  /** It takes whole numbers, and no texts. */
  readonly isNumber: boolean;
  readonly expression: (value: string, keyed: Keyed) => string;
  /** Of one that does not stay. */
  readonly replaced?: Omit<SyncInside, "path" | "location" | "values">;
}

export const KEPT: Nested = { kept: true, isConstant: false, isNumber: false, expression: (value) => value };

/** Stands for a rule that is faulty, and of which nothing is made. */
export const FAULTY: Nested = { ...KEPT, kept: false };

/** Values inside of a document that are replaced, and the SQL of a query for them. */
export interface Inside extends Omit<SyncInside, "location" | "values"> {
  /** Where the path is. */
  readonly offset: number;
  /** @param value the SQL of the document */
  readonly values: (value: string) => string;
}

export interface Made {
  readonly class: SyncColumn["class"];
  readonly proof: ColumnProof;
  readonly tokens?: TokenKind;
  /** A pattern of LIKE that every result matches, and few originals do. */
  readonly shape?: string;
  /**
   * SQL for a condition over a text, with names qualified: it may be a result. Every result is, and few other texts are.
   * @param type in which the column has its values
   */
  readonly mayBeResult?: (text: string, type: string) => string;
  readonly inside?: readonly Inside[];
  readonly kept?: readonly Pick<Inside, "path" | "offset" | "values">[];
  /** Of documents: a query for the keys that no rule names, as `SyncColumn` has it. */
  readonly unruled?: (value: string) => string;
  /** Of documents: a query for what has no result and would be lost, a row each: its path, and what it is ("an object"). */
  readonly unfit?: (value: string) => string;
  /** Of documents: the paths as the rule has them. */
  readonly paths?: readonly WrittenPath[];
  /** The most characters of a result; `original` where it is never longer than that. */
  readonly maxLength: number | "original";
  /** Of whole numbers: how many bits of one are replaced, which a result may have all of. */
  readonly bits?: number;
  /** Texts that stay, as nothing personal is in them. */
  readonly stays?: readonly string[];
  /** Whether NULL may come of a value. */
  readonly makesNull?: boolean;
  /** Its SQL has to be put behind those of other columns, which it reads. */
  readonly readsOthers?: boolean;
  /** Its SQL is the same whatever the value is: a test for NULL is put around it. */
  readonly isConstant?: boolean;
  /**
   * The SQL of the result. NULL gives NULL.
   * @param value the SQL of the original: text for texts, else of the column's type
   */
  expression(value: string, keyed: Keyed): string;
}

/** Keyed digests of a domain, as SQL. */
export interface Keyed {
  /** HMAC-SHA256 of a text: 32 bytes. */
  readonly digest: (text: string) => string;
  /** HMAC-SHA256 of a text with the subkey of another domain. */
  readonly digestIn: (domain: string, text: string) => string;
}

/**
 * What originals look like of which nothing is left in a result: as the transform says, and like addresses, the one form that cannot be
 * taken for anything else, whatever they stand for.
 */
function tokenKindsOf({ tokens, proof, isConstant }: Made): readonly TokenKind[] {
  const own = tokens === undefined || tokens === "email" ? [] : [tokens];
  return tokens === undefined && proof.kind === "partial" && isConstant !== true ? [] : ["email", ...own];
}

/**
 * What the plan says of originals and results of a column or path.
 * @param type as a value is written in it; undefined where nobody can write one
 */
export function aboutResults(
  made: Made,
  type: string | undefined,
  tokens = tokenKindsOf(made),
): Pick<SyncColumn, "tokens" | "resultTokens" | "mayBeResult"> {
  return {
    ...(tokens.length === 0 ? {} : { tokens }),
    // What is the same in every row may not be an original at all.
    ...(made.tokens === undefined || made.isConstant === true ? {} : { resultTokens: made.tokens }),
    ...(made.mayBeResult === undefined || (made.isConstant === true && type === undefined)
      ? {}
      : { mayBeResult: made.mayBeResult("each.v", type ?? "") }),
  };
}

/** A condition over a text: PostgreSQL's regular expression matches it. */
export function matching(pattern: string): (text: string) => string {
  return (text) => `(${text} collate pg_catalog."C") operator(pg_catalog.~) ${quoteLiteral(pattern)}`;
}

/** A pattern for one of these words, none of which has a character with a meaning of its own. */
export function oneOf(words: readonly string[]): string {
  return `(${words.join("|")})`;
}

/** From this many possible results on, two of ten million originals share one with a probability of less than one in a thousand. */
const PROBABLE = 2 ** 56;

/** The text as a part of a pattern of LIKE. */
export function literally(text: string): string {
  return text.replaceAll(/[\\%_]/g, String.raw`\$&`);
}

export function classOf(results: number): SyncColumn["class"] {
  return results >= PROBABLE ? "probable" : "lossy";
}

export const DISJOINT: ColumnProof = { kind: "disjoint" };
export const DIFFERS: ColumnProof = { kind: "differs", chance: 0 };
export const PARTIAL: ColumnProof = { kind: "partial" };
