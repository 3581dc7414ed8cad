import type { Fault } from "./messages.ts";

/** UTF-16 units of a text that a migration throws; what is longer is data, and nobody reads it. */
const LONGEST = 10_000;

function cut(text: string): string {
  return text.length <= LONGEST ? text : `${text.slice(0, LONGEST)} ... (${text.length} characters)`;
}

/** What was thrown, as data. It may be anything: reading it can throw, too. */
export function faultOf(thrown: unknown): Fault {
  // Its frames come behind the message.
  const stack = attempt(() => (thrown instanceof Error ? String(thrown.stack).slice(-LONGEST) : undefined));
  const first: unknown = attempt(() => (thrown instanceof AggregateError ? (thrown.errors[0] as unknown) : thrown));
  return {
    text: cut(shownError(thrown)),
    stack,
    ...attempt(() => missingOf(first)),
    ...attempt(() => positionOf(first)),
  };
}

const NOTHING: ReadonlySet<unknown> = new Set([null, undefined]);

function shownError(thrown: unknown): string {
  if (NOTHING.has(thrown)) return `it threw ${String(thrown)}, which is no error`;
  const text = attempt(() => (thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : String(thrown)));
  if (text !== undefined) return text;
  return attempt(() => thrown instanceof Error) === true ? "an error that cannot be shown" : shown(thrown);
}

/** A value as JavaScript shows it. */
export function shown(value: unknown): string {
  return attempt(() => Bun.inspect(value, { depth: 1 })) ?? "something that cannot be shown";
}

/** What Bun says about an import that does not resolve. */
function missingOf(thrown: unknown): Pick<Fault, "missing"> {
  const { specifier, referrer } = Object(thrown) as Record<string, unknown>;
  if (typeof specifier !== "string" || typeof referrer !== "string") return {};
  return { missing: { specifier, referrer } };
}

/** What Bun says about a file that does not parse. */
function positionOf(thrown: unknown): Pick<Fault, "position"> {
  const { position, message } = Object(thrown) as Record<string, unknown>;
  if (typeof position !== "object" || position === null) return {};
  const { file, line, column, lineText } = position as Record<string, unknown>;
  if (typeof file !== "string" || typeof line !== "number" || typeof column !== "number") return {};
  return { position: { file, line, column, lineText: String(lineText), message: String(message) } };
}

/** Undefined where the value throws back. */
function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
