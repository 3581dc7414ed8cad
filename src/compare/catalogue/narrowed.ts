import { inside, type Parser } from "#sql/parser.ts";

/** What a constraint, an index or a trigger that stays no longer does, by its definition as PostgreSQL writes it. Pure. */
export function narrowed(kind: string, from: string, to: string): string[] {
  const changes = (has: (definition: string) => boolean): boolean => has(from) && !has(to);
  if (kind === "trigger") {
    return [
      ...fewerEvents(from, to),
      ...(changes((text) => !TRIGGER_AT_COMMIT.test(text)) ? ["runs at COMMIT alone (INITIALLY DEFERRED)"] : []),
    ];
  }
  if (kind === "constraint") {
    const action = LETS_GO.exec(to)?.[1];
    return [
      ...(changes((text) => !text.endsWith(" NOT ENFORCED")) ? ["is no longer enforced"] : []),
      ...(from.startsWith("FOREIGN KEY ") && !LETS_GO.test(from) && action !== undefined
        ? [`no longer keeps rows that others refer to (ON DELETE ${action})`]
        : []),
      ...(from.startsWith("EXCLUDE ") && changes((text) => !EXCLUSION_WHERE.test(text)) ? [FOR_SOME] : []),
      ...(changes((text) => text.startsWith("UNIQUE NULLS NOT DISTINCT ")) && to.startsWith("UNIQUE ") ? [NULLS] : []),
      ...(changes((text) => !HOLDS_ALWAYS.test(text)) ? ["lets everything through (true)"] : []),
      ...(changes((text) => !NOT_INHERITED.test(text)) ? [ALONE] : []),
      ...(changes((text) => MATCH_FULL.test(text)) && to.startsWith("FOREIGN KEY ")
        ? ["takes keys that are NULL in part (MATCH FULL)"]
        : []),
      ...(changes((text) => !AT_COMMIT.test(text)) ? ["is checked at COMMIT alone (INITIALLY DEFERRED)"] : []),
    ];
  }
  if (!from.startsWith("CREATE UNIQUE ")) return [];
  if (!to.startsWith("CREATE UNIQUE ")) return ["is no longer unique"];
  return [
    ...(changes((text) => !INDEX_WHERE.test(text)) ? [FOR_SOME] : []),
    ...(changes((text) => INDEX_NULLS.test(text)) ? [NULLS] : []),
  ];
}

const LETS_GO = /^FOREIGN KEY .* ON DELETE (CASCADE|SET NULL|SET DEFAULT)\b/s;
/** pg_get_constraintdef writes these behind everything else (ruleutils.c). */
const AT_COMMIT = / DEFERRABLE INITIALLY DEFERRED(?: NOT VALID| NOT ENFORCED)?$/;
const NOT_INHERITED = /^CHECK .* NO INHERIT(?: NOT VALID| NOT ENFORCED)?$/s;
const HOLDS_ALWAYS = /^CHECK \(+true\)+(?: NO INHERIT)?(?: NOT VALID| NOT ENFORCED)?$/;
const MATCH_FULL = /^FOREIGN KEY .*\) MATCH FULL\b/s;
const TRIGGER_AT_COMMIT = / DEFERRABLE INITIALLY DEFERRED FOR EACH ROW /;
/** Of a constraint that children do not get. */
export const ALONE = "holds in no table that inherits from its own (NO INHERIT)";
const EXCLUSION_WHERE = / WHERE \(.*\)(?: DEFERRABLE)?(?: INITIALLY DEFERRED)?(?: NOT VALID)?$/s;
const INDEX_WHERE = / WHERE .+$/s;
const INDEX_NULLS = /\) NULLS NOT DISTINCT(?: WITH \(| TABLESPACE | WHERE |$)/;
const FOR_SOME = "holds for some rows alone (WHERE)";
const NULLS = "takes NULL in more than one row (NULLS NOT DISTINCT)";

function fewerEvents(from: string, to: string): string[] {
  const [before, after] = [from, to].map((text) => TRIGGER.exec(text)?.groups);
  if (before === undefined || after === undefined) return [];
  const [events, kept] = [before, after].map(
    ({ events: list = "" }) => new Set(list.split(" OR ").map((one) => one.split(" OF ")[0])),
  );
  const lost = [...events!].filter((event) => !kept!.has(event));
  const [columns, fewer] = [before, after].map(({ events: list = "" }) => UPDATED.exec(list)?.[1]?.split(", "));
  const others = columns?.filter((column) => fewer?.includes(column) === false) ?? [];
  const becomes = (part: string, was: string, is: RegExp): boolean => before[part] === was && is.test(after[part]!);
  return [
    ...(becomes("time", "BEFORE", /^AFTER$/) ? ["no longer runs before rows are written"] : []),
    ...(becomes("time", "INSTEAD OF", /^(?!INSTEAD)/)
      ? ["no longer takes the place of what is written (INSTEAD OF)"]
      : []),
    ...(becomes("each", "ROW", /^STATEMENT$/) ? ["no longer runs for each row"] : []),
    ...(lost.length === 0 ? [] : [`no longer runs for ${lost.join(", ")}`]),
    ...(columns === undefined && fewer !== undefined && events!.has("UPDATE")
      ? ["no longer runs for UPDATE of all columns"]
      : []),
    ...(others.length === 0 ? [] : [`no longer runs for UPDATE of ${others.join(", ")}`]),
    ...(before["when"] === undefined && after["when"] !== undefined ? ["runs for some rows alone (WHEN)"] : []),
  ];
}

const NAME = String.raw`(?:"(?:[^"]|"")*"|[^\s"]+)`;
/** When, for what, and whether it has a condition. */
const TRIGGER = new RegExp(
  String.raw`^CREATE (?:CONSTRAINT )?TRIGGER ${NAME} (?<time>BEFORE|AFTER|INSTEAD OF) (?<events>.+?) ON (?:.*?) FOR EACH (?<each>ROW|STATEMENT) (?<when>WHEN \()?`,
  "s",
);
const UPDATED = /\bUPDATE OF (.+?)(?: OR |$)/;

/** What a rule that stays no longer does. Pure. */
export function narrowedRule(from: string, to: string, parser: Parser): string[] {
  const [before, after] = [from, to].map((text) => inside(parser.parse(text), "RuleStmt"));
  if (before === undefined || after === undefined) return [];
  const event = String(before.event).replace("CMD_", "");
  if (before.event !== after.event) return [`no longer applies to ${event}`];
  return [
    ...(before.instead === true && after.instead !== true ? [`lets ${event} itself run as well (DO ALSO)`] : []),
    ...(before.whereClause === undefined && after.whereClause !== undefined
      ? ["applies to some rows alone (WHERE)"]
      : []),
  ];
}
