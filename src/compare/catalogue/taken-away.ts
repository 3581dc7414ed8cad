import type { Change, PropertyChange } from "./changes.ts";

/** An object that is gone, or a property of one that protects something. */
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
      return kind === "view" ? optionsLost(from, to) : [];
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

/** What an object protected by its definition alone. */
function definitionLost(kind: string, from: unknown, to: unknown): string[] {
  const changes = (has: (definition: string) => boolean): boolean => has(String(from)) && !has(String(to));
  if (kind === "constraint") return changes((text) => !text.endsWith(" NOT ENFORCED")) ? ["is no longer enforced"] : [];
  if (kind === "index") return changes((text) => text.startsWith("CREATE UNIQUE ")) ? ["is no longer unique"] : [];
  return losesPath(from, to) ? ["no longer has a search_path of its own, and runs with the rights of its owner"] : [];
}

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
