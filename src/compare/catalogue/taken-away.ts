import { quoteLiteral } from "#sql/quote.ts";
import type { Change, PropertyChange } from "./changes.ts";
import { indexParts } from "./index-parts.ts";
import { narrowed } from "./narrowed.ts";

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

/** What changes take away. Pure. */
export function takenAway(changes: readonly Change[]): TakenAway[] {
  return changes.flatMap((change): TakenAway[] => {
    const { name } = change;
    if (change.change === "dropped") return isOfDomain(change, changes) ? [] : [{ kind: change.kind, name, change }];
    if (change.change === "added") return [];
    const lost = change.properties.flatMap((property) => protectionLost(change, property));
    const kinds = new Map(lost.map((one) => [`${one.kind} ${one.fate ?? ""}`, one]));
    return [...kinds.values()].map((one) => ({ ...one, name, change }));
  });
}

/** NOT NULL of a domain that stays: a property, and from PostgreSQL 17 on a constraint as well. */
function isOfDomain({ kind, summary, on }: Change, changes: readonly Change[]): boolean {
  if (kind !== "constraint" || on?.kind !== "domain" || summary !== "NOT NULL") return false;
  return changes.some(
    (other) => other.name === on.name && other.properties.some(({ property }) => property === "notNull"),
  );
}

type Lost = Pick<TakenAway, "kind" | "fate">;

/** What is lost with a property, if anything is. */
function protectionLost({ kind }: Change, { property, from, to }: PropertyChange): Lost[] {
  switch (property) {
    case "rowSecurity":
    case "forceRowSecurity":
      return from === true && to === false ? [{ kind: "row security" }] : [];
    case "notNull":
      return from === true && to === false ? [{ kind: "not null" }] : [];
    case "enabled":
      return to === "D" && from !== "D" ? [{ kind, fate: "is switched off" }] : [];
    case "privileges":
      return rightsLost(kind, from, to);
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
    case "replicaIdentity":
      return to === "n" || (to === "d" && from !== "n") ? [{ kind, fate: IDENTITY_LOST }] : [];
    case "values":
      return kind === "type" ? valuesLost(from, to) : [];
    case "partitionBound":
      return typeof from === "string" && hasNone(to) ? [{ kind: "partition", fate: "is detached, with its rows" }] : [];
    case "where":
      return hasNone(to) && !hasNone(from) ? [{ kind, fate: "sends every row" }] : [];
    case "def":
      return definitionLost(kind, from, to).map((fate) => ({ kind, fate }));
    default:
      return [];
  }
}

/** Rights that are taken away from who keeps others. */
function rightsLost(kind: string, from: unknown, to: unknown): Lost[] {
  if (!Array.isArray(from) || !Array.isArray(to)) return [];
  const lost = from.filter((privilege) => !to.includes(privilege));
  return lost.length === 0 ? [] : [{ kind, fate: `no longer include ${lost.join(", ")}` }];
}

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
