import type { Change, PropertyChange } from "#compare/catalogue/changes.ts";
import type { Paint } from "./style.ts";
import { inLine } from "./visible.ts";

const SIGNS: Readonly<Record<Change["change"], string>> = { added: "+", dropped: "-", changed: "~" };
const COLOURS = { added: "green", dropped: "red", changed: "yellow" } as const;
const PLAIN: Paint = (_format, text) => text;
/** Two values that fit into one line beside each other. */
const SHORT = 60;
/** Lines around a changed one. */
const CONTEXT = 1;

/** What differs as a tree: what belongs to a table or another object stands below it. Pure. */
export function renderChanges(changes: readonly Change[], paint: Paint = PLAIN): string {
  const groups = new Map<string, { heading: string; own: Change | undefined; parts: Change[] }>();
  for (const change of changes) {
    const { kind, name } = change.on ?? change;
    const heading = `${kind} ${inLine(name)}`;
    const group = groups.get(`${name} ${kind}`) ?? { heading, own: undefined, parts: [] };
    if (change.on === undefined) group.own = change;
    else group.parts.push(change);
    groups.set(`${name} ${kind}`, group);
  }
  const lines = [...groups]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([, { heading, own, parts }]) => [
      ...(own === undefined ? [`~ ${paint("bold", heading)}`] : renderChange(own, paint)),
      ...parts
        .toSorted(byKind)
        .flatMap((part) => renderChange(withoutPrefix(part), paint).map((line) => `    ${line}`)),
    ]);
  return lines.map((line) => `${line}\n`).join("");
}

/** As a CREATE TABLE has them; the rest comes after, in the order it is in. */
const ORDER = ["column", "default", "constraint", "index"];

function byKind(a: Change, b: Change): number {
  return rank(a) - rank(b);
}

function rank({ kind }: Change): number {
  const at = ORDER.indexOf(kind);
  return at < 0 ? ORDER.length : at;
}

/** The name below its object's: "column bio" instead of "column public.users.bio". */
function withoutPrefix(change: Change): Change {
  const { kind, name, on } = change;
  if (on === undefined) return change;
  if (!name.startsWith(on.name) || /^[^. ]/.test(name.slice(on.name.length))) {
    // An index or statistics object has a name of its own, in the same schema.
    const schema = on.name.slice(0, on.name.indexOf(".") + 1);
    return name.startsWith(schema) ? { ...change, name: name.slice(schema.length) } : change;
  }
  // "comment on table public.users" is "comment" below that table.
  const rest = name.slice(on.name.length).replace(/^[. ]/, "");
  return {
    ...change,
    kind: rest === "" || rest.startsWith("to ") ? kind.replace(` on ${on.kind}`, "") : kind,
    name: rest,
  };
}

/** One object that differs, with the properties of a changed one side by side. */
export function renderChange({ change, kind, name, summary, properties }: Change, paint: Paint = PLAIN): string[] {
  const what = [kind, inLine(name)].filter((part) => part !== "").join(" ");
  const more = summary === undefined ? "" : ` ${paint("dim", oneLine(summary))}`;
  return [
    `${paint(COLOURS[change], SIGNS[change])} ${paint("bold", what)}${more}`,
    ...properties.flatMap((property) => renderProperty(property, paint).map((line) => `    ${line}`)),
  ];
}

function renderProperty({ property, from, to }: PropertyChange, paint: Paint): string[] {
  const [before, after] = [show(valueOf(property, from)), show(valueOf(property, to))];
  const label = labelOf(property);
  if (!/\n/.test(before + after) && before.length + after.length <= SHORT) {
    return [`${label}: ${paint("red", before)} -> ${paint("green", after)}`];
  }
  return [`${label}:`, ...compareLines(before.split("\n"), after.split("\n"), paint).map((line) => `  ${line}`)];
}

/** By pg_policy.polcmd. */
const COMMANDS: Readonly<Record<string, string>> = {
  "*": "ALL",
  r: "SELECT",
  a: "INSERT",
  w: "UPDATE",
  d: "DELETE",
};

function valueOf(property: string, value: unknown): unknown {
  return property === "cmd" ? COMMANDS[String(value)] : value;
}

/** "notNull" -> "not null" */
function labelOf(property: string): string {
  if (property === "cmd") return "for";
  return property === "def" ? "definition" : property.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}

function show(value: unknown): string {
  if (value === undefined || value === null || value === "") return "(none)";
  if (typeof value === "string") return value.trimEnd();
  if (Array.isArray(value)) return value.length === 0 ? "(none)" : value.map(show).join(", ");
  return isRelation(value) ? `${value.schema}.${value.name}` : JSON.stringify(value);
}

function isRelation(value: unknown): value is { readonly schema: string; readonly name: string } {
  return typeof value === "object" && value !== null && Object.keys(value).join() === "schema,name";
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, " ").trim();
}

/** The lines of both, unchanged ones only next to changed ones. */
function compareLines(before: readonly string[], after: readonly string[], paint: Paint): string[] {
  const lines = alignLines(before, after);
  const near = (index: number): boolean =>
    lines.slice(Math.max(0, index - CONTEXT), index + CONTEXT + 1).some(({ sign }) => sign !== " ");
  return lines.flatMap(({ sign, text }, index) => {
    if (!near(index)) return near(index - 1) && index > 0 ? [paint("dim", "  ...")] : [];
    const line = `${sign} ${text}`;
    return [sign === " " ? paint("dim", line) : paint(sign === "-" ? "red" : "green", line)];
  });
}

interface Line {
  readonly sign: " " | "-" | "+";
  readonly text: string;
}

/** Longest common subsequence, after what both begin and end with. */
function alignLines(before: readonly string[], after: readonly string[]): Line[] {
  let start = 0;
  while (start < before.length && start < after.length && before[start] === after[start]) start++;
  let end = 0;
  while (
    end < before.length - start &&
    end < after.length - start &&
    before[before.length - 1 - end] === after[after.length - 1 - end]
  ) {
    end++;
  }
  const same = (text: string): Line => ({ sign: " ", text });
  return [
    ...before.slice(0, start).map(same),
    ...alignMiddle(before.slice(start, before.length - end), after.slice(start, after.length - end)),
    ...before.slice(before.length - end).map(same),
  ];
}

/** Longer texts are shown one after the other: the table below would grow with the product of their lengths. */
const ALIGNED = 1000;

function alignMiddle(before: readonly string[], after: readonly string[]): Line[] {
  if (before.length > ALIGNED || after.length > ALIGNED) {
    return [...before.map((text): Line => ({ sign: "-", text })), ...after.map((text): Line => ({ sign: "+", text }))];
  }
  const common = Array.from({ length: before.length + 1 }, () => new Uint16Array(after.length + 1));
  for (let i = before.length - 1; i >= 0; i--) {
    for (let j = after.length - 1; j >= 0; j--) {
      common[i]![j] =
        before[i] === after[j] ? common[i + 1]![j + 1]! + 1 : Math.max(common[i + 1]![j]!, common[i]![j + 1]!);
    }
  }
  const lines: Line[] = [];
  for (let i = 0, j = 0; i < before.length || j < after.length;) {
    if (i < before.length && j < after.length && before[i] === after[j]) {
      lines.push({ sign: " ", text: before[i]! });
      i++;
      j++;
    } else if (j >= after.length || (i < before.length && common[i + 1]![j]! >= common[i]![j + 1]!)) {
      lines.push({ sign: "-", text: before[i++]! });
    } else lines.push({ sign: "+", text: after[j++]! });
  }
  return lines;
}

export function changeToJson({
  change,
  kind,
  name,
  on,
  summary,
  properties,
  planned,
}: Change): Record<string, unknown> {
  return {
    change,
    kind,
    name,
    on: on === undefined ? null : `${on.kind} ${on.name}`,
    summary: summary ?? null,
    planned,
    properties: properties.map(({ property, from, to }) => ({ property, from: from ?? null, to: to ?? null })),
  };
}

/** The first few of what differs, by name. Pure. */
export function listChanged(changes: readonly Change[]): string {
  const names = changes.slice(0, 5).map(({ kind, name }) => inLine(`${kind} ${name}`));
  return [...names, ...(changes.length > 5 ? ["..."] : [])].join(", ");
}
