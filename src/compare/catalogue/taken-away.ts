import { isNarrower } from "#sql/narrower-condition.ts";
import type { Parser } from "#sql/parser.ts";
import { quoteLiteral, writeIdentifier } from "#sql/quote.ts";
import type { Catalogue } from "./catalogue.ts";
import { type Change, compareCatalogues, type PropertyChange } from "./changes.ts";
import { describe } from "./describe.ts";
import { domainLosses } from "./domain-constraints.ts";
import { extraGrantLosses, grantLosses } from "./grant-losses.ts";
import { indexParts } from "./index-parts.ts";
import { leftBehind } from "./left-behind.ts";
import { ALONE, narrowed, narrowedRule } from "./narrowed.ts";
import { viewLosses } from "./view-losses.ts";

/** An object that is gone, or a property of one that protects something, or that somebody has given it. */
export interface TakenAway {
  /** In PostgreSQL's words: "policy", "row security", "not null". */
  readonly kind: string;
  /** Qualified. */
  readonly name: string;
  readonly change: Change;
  /** What becomes of an object that stays: "is switched off". */
  readonly fate?: string;
}

/** What there is in `from` and no more in `to`, or holds for less. Pure. */
export function takenAway(from: Catalogue, to: Catalogue, parser: Parser): TakenAway[] {
  const changes = compareCatalogues(from, to);
  const found = changes.flatMap((change): TakenAway[] => {
    const { kind, name } = change;
    if (change.change === "dropped") return isTold(change, changes) ? [] : [{ kind, name, change }];
    const lost =
      change.change === "added"
        ? loosenedBy(change, changes)
        : change.properties.flatMap((property) => [
            ...protectionLost(change, property),
            ...readingLost(change, property, [from, to], parser),
          ]);
    lost.push(...extraGrantLosses(change, from, to).map((fate) => ({ kind, fate })));
    const kinds = new Map(lost.map((one) => [`${one.kind} ${one.name ?? ""} ${one.fate ?? ""}`, one]));
    return [...kinds.values()].map((one) => ({ name, ...one, change }));
  });
  return [...found, ...leftBehind(from, to, changes)];
}

/** What something new says of what was there before. */
function loosenedBy({ kind, on, summary }: Change, changes: readonly Change[]): Lost[] {
  if (kind === "sequence persistence") return [{ kind: "sequence", fate: `begins anew ${AFTER_CRASH}` }];
  if (kind !== "not null constraint" || summary?.endsWith(" NO INHERIT") !== true || on === undefined) return [];
  const isNew = changes.some(
    (other) =>
      (other.kind === "table" && other.name === on.name && other.change === "added") ||
      (other.kind === "column" &&
        other.on?.name === on.name &&
        summary === `NOT NULL ${writeIdentifier(other.path[2] ?? "")} NO INHERIT` &&
        (other.change === "added" || other.properties.some(({ property }) => property === "notNull"))),
  );
  return isNew ? [] : [{ kind: "constraint", fate: ALONE }];
}

const AFTER_CRASH = "after a crash of the server (UNLOGGED)";

/** Parents that are left, which are told one by one, and NOT NULL of a domain: a property, and from PostgreSQL 17 on a constraint as well. */
function isTold({ kind, summary, on }: Change, changes: readonly Change[]): boolean {
  if (kind === "further parents") return true;
  if (kind !== "constraint" || on?.kind !== "domain" || summary !== "NOT NULL") return false;
  return changes.some(
    (other) => other.name === on.name && other.properties.some(({ property }) => property === "notNull"),
  );
}

type Lost = Pick<TakenAway, "kind" | "fate"> & Partial<Pick<TakenAway, "name">>;

/** What is lost with a property, if anything is. */
function protectionLost({ kind, properties }: Change, { property, from, to }: PropertyChange): Lost[] {
  switch (property) {
    case "rowSecurity":
    case "forceRowSecurity":
      return from === true && to === false ? [{ kind: "row security" }] : [];
    case "notNull":
      return from === true && to === false ? [{ kind: "not null" }] : [];
    case "enabled":
      if (to === "R" && from !== "D") return [{ kind, fate: "runs for replicated rows alone (ENABLE REPLICA)" }];
      return to === "D" && from !== "D" ? [{ kind, fate: "is switched off" }] : [];
    case "privileges":
    case "grantable":
      return grantLosses(property, listIn(from), listIn(to), properties).map((fate) => ({ kind, fate }));
    case "permissive":
      return from === false && to === true
        ? [{ kind, fate: "no longer restricts what other policies let through" }]
        : [];
    case "usingExpr":
      return hasNone(to) && !hasNone(from) ? [{ kind, fate: "lets every row through" }] : [];
    case "checkExpr":
      return hasNone(to) && !hasNone(from) ? [{ kind, fate: "no longer has a WITH CHECK" }] : [];
    case "reloptions":
      return kind === "view" ? optionsLost(from, to) : settingsLost(kind, from, to);
    case "persistence":
      return to === "u" && from !== "u" ? [{ kind, fate: `is empty ${AFTER_CRASH}` }] : [];
    case "identity":
      return isText(from, /^GENERATED ALWAYS /) && isText(to, /^GENERATED BY DEFAULT /)
        ? [{ kind, fate: "takes any number that is written (GENERATED BY DEFAULT)" }]
        : [];
    case "generatedExpr":
      return typeof from === "string" && hasNone(to) ? [{ kind, fate: "is no longer computed (DROP EXPRESSION)" }] : [];
    case "publish":
    case "allTables":
    case "columns":
      return publishedLost(kind, property, from, to);
    case "tags":
    case "event":
      return kind === "event trigger" ? commandsLost(from, to) : [];
    case "replicaIdentity":
      return to === "n" || (to === "d" && from !== "n") ? [{ kind, fate: IDENTITY_LOST }] : [];
    case "values":
      return kind === "type" ? valuesLost(from, to) : [];
    case "partitionBound":
      return typeof from === "string" && hasNone(to) ? [{ kind: "partition", fate: "is detached, with its rows" }] : [];
    case "where":
      return hasNone(to) && !hasNone(from)
        ? [{ kind, fate: "sends every row" }]
        : publishedLost(kind, property, from, to);
    case "def":
      return definitionLost(kind, from, to).map((fate) => ({ kind, fate }));
    case "definition":
      return isText(from, TARGET) && !isText(to, TARGET) && kind === "statistics object"
        ? [{ kind, fate: "no longer has a target of its own (SET STATISTICS)" }]
        : [];
    case "comment":
      return hasNone(to) && typeof from === "string" ? [{ kind: `comment on ${kind}` }] : [];
    default:
      return [];
  }
}

/** What subscribers of a publication do not get any more. */
function publishedLost(kind: string, property: string, from: unknown, to: unknown): Lost[] {
  const [before, after] = [listIn(from), new Set(listIn(to))];
  const lost = before.filter((one) => !after.has(one)).join(", ");
  const isOfTable = kind === "published table";
  switch (property) {
    case "publish":
      return lost === "" || kind !== "publication" ? [] : [{ kind, fate: `no longer publishes ${lost}` }];
    case "allTables":
      return from === true && to === false ? [{ kind, fate: "no longer publishes all tables" }] : [];
    case "columns":
      // Without a list there are all.
      if (!isOfTable || !Array.isArray(to)) return [];
      if (!Array.isArray(from)) return [{ kind, fate: "sends some columns alone" }];
      return lost === "" ? [] : [{ kind, fate: `no longer sends ${lost}` }];
    default: {
      const isFewer = isNarrower(typeof from === "string" ? from : undefined, typeof to === "string" ? to : undefined);
      return isOfTable && !hasNone(to) && isFewer ? [{ kind, fate: "sends fewer rows (WHERE)" }] : [];
    }
  }
}

/** What an event trigger does not run for any more: without tags it runs for all, and it has one event. */
function commandsLost(from: unknown, to: unknown): Lost[] {
  const kind = "event trigger";
  if (typeof from === "string") return [{ kind, fate: `no longer runs at ${from}` }];
  const [before, after] = [listIn(from), listIn(to)];
  if (before.length === 0)
    return after.length === 0 ? [] : [{ kind, fate: "runs for some commands alone (WHEN TAG IN)" }];
  const lost = after.length === 0 ? [] : before.filter((tag) => !after.includes(tag));
  return lost.length === 0 ? [] : [{ kind, fate: `no longer runs for ${lost.join(", ")}` }];
}

/** What goes with a definition or a type that only the rest of its catalogue explains, or the parser. */
function readingLost(
  change: Change,
  changed: PropertyChange,
  [from, to]: readonly [Catalogue, Catalogue],
  parser: Parser,
): Lost[] {
  const { kind, path } = change;
  const [before, after] = [String(changed.from), String(changed.to)];
  const fates = domainLosses(change, changed, { from: from.facts, to: to.facts });
  if (changed.property === "def" && kind === "rule") fates.push(...narrowedRule(before, after, parser));
  if (changed.property !== "def" || !kind.endsWith("view")) return fates.map((fate) => ({ kind, fate }));
  const losses = viewLosses(before, after, parser);
  const [schema = "", table = ""] = path;
  return [
    ...losses.fates.map((fate) => ({ kind, fate })),
    ...losses.columns.map((column) => ({
      kind: "column",
      name: describe({ kind: "column", schema, table, name: column }).name,
      fate: "is no longer in the view",
    })),
  ];
}

function isText(value: unknown, pattern: RegExp): boolean {
  return typeof value === "string" && pattern.test(`${value} `);
}

const TARGET = / SET STATISTICS \d+ $/;

/** A condition that is not there, or that everything fulfils. */
function hasNone(condition: unknown): boolean {
  return condition === null || condition === undefined || condition === "true";
}

const OPTIONS: readonly (readonly [RegExp, string])[] = [
  [/^security_invoker=(?:true|on|yes|1)$/i, "reads with the rights of its owner again (security_invoker)"],
  [/^security_barrier=(?:true|on|yes|1)$/i, "no longer keeps rows from functions of its readers (security_barrier)"],
  [/^check_option=/i, "takes rows that it does not show (CHECK OPTION)"],
];

/** Options of a view that protect something. */
function optionsLost(from: unknown, to: unknown): Lost[] {
  const has = (options: unknown, option: RegExp): boolean =>
    Array.isArray(options) && options.some((one) => typeof one === "string" && option.test(one));
  return OPTIONS.flatMap(([option, fate]) => (has(from, option) && !has(to, option) ? [{ kind: "view", fate }] : []));
}

const IDENTITY_LOST = "no longer tells subscribers which rows change, as its REPLICA IDENTITY did";

/** Storage parameters that are set no more: those with another value are not lost. */
function settingsLost(kind: string, from: unknown, to: unknown): Lost[] {
  const after = new Set(listIn(to).map(nameOfOption));
  const lost = listIn(from).filter((option) => !after.has(nameOfOption(option)));
  return lost.length === 0 ? [] : [{ kind, fate: `no longer has ${lost.join(", ")}` }];
}

function nameOfOption(option: string): string {
  return option.split("=", 1)[0] ?? "";
}

/** Of an enum. */
function valuesLost(from: unknown, to: unknown): Lost[] {
  const after = new Set(listIn(to));
  const lost = listIn(from).filter((value) => !after.has(value));
  const words = lost.length === 1 ? "the value" : "the values";
  return lost.length === 0
    ? []
    : [{ kind: "type", fate: `no longer has ${words} ${lost.map(quoteLiteral).join(", ")}` }];
}

function listIn(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((one) => typeof one === "string") : [];
}

/** What an object protected by its definition alone. */
function definitionLost(kind: string, from: unknown, to: unknown): string[] {
  if (kind === "constraint" || kind === "trigger") return narrowed(kind, String(from), String(to));
  if (kind === "index") {
    const [before, after] = [from, to].map((side) => indexParts(String(side))?.parameters);
    const lost = [...(before ?? [])].flatMap(([name, value]) =>
      after?.has(name) === false ? [`${name}=${value}`] : [],
    );
    return [
      ...narrowed(kind, String(from), String(to)),
      ...(lost.length === 0 ? [] : [`no longer has ${lost.join(", ")}`]),
    ];
  }
  const path = losesPath(from, to);
  const after = clausesOf(to);
  const lost = [...clausesOf(from)].flatMap(([key, text]) =>
    after.has(key) || (path && key === "SET search_path") ? [] : [text],
  );
  return [
    ...(path ? ["no longer has a search_path of its own, and runs with the rights of its owner"] : []),
    ...(lost.length === 0 ? [] : [`no longer has ${lost.join(", ")}`]),
  ];
}

/** What a function was given besides its language and body, by what it is about: `pg_get_functiondef` leaves out what is usual. */
function clausesOf(definition: unknown): ReadonlyMap<string, string> {
  const clauses = new Map<string, string>();
  for (const line of headOf(definition).split("\n")) {
    const setting = /^ SET (\S+) TO /.exec(line)?.[1];
    if (setting !== undefined) clauses.set(`SET ${setting}`, line.trim());
    if (!CLAUSES.test(line)) continue;
    for (const [text, word = ""] of line.matchAll(CLAUSE))
      clauses.set(VOLATILITY.has(word) ? "volatility" : word, text);
  }
  return clauses;
}

const CLAUSES = /^ (?:WINDOW|IMMUTABLE|STABLE|PARALLEL|STRICT|SECURITY|LEAKPROOF|COST|ROWS|SUPPORT)\b/;
const CLAUSE =
  /\b(IMMUTABLE|STABLE|STRICT|SECURITY DEFINER|LEAKPROOF|PARALLEL|COST|ROWS|SUPPORT)(?:(?<=PARALLEL|COST|ROWS|SUPPORT) \S+)?/g;
const VOLATILITY: ReadonlySet<string> = new Set(["IMMUTABLE", "STABLE"]);

/** The search_path of a function that runs with the rights of its owner: without it, callers choose what its names mean. */
function losesPath(from: unknown, to: unknown): boolean {
  const [before, after] = [headOf(from), headOf(to)];
  return /\bSECURITY DEFINER\b/.test(after) && PATH.test(before) && !PATH.test(after);
}

const PATH = /^ SET search_path TO /m;

/** What stands before the body of a function, as pg_get_functiondef writes it. Pure. */
export function headOf(definition: unknown): string {
  const text = typeof definition === "string" ? definition : "";
  const body = /^(?:AS \$|BEGIN ATOMIC$| ?RETURN )/m.exec(text);
  return body === null ? text : text.slice(0, body.index);
}
