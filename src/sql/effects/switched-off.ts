import { mayBeSame } from "../names-in.ts";
import type { Statement } from "../statement.ts";
import { foldedName, namesAltered, writtenName } from "../lexer/token-names.ts";
import type { DangerKind } from "./danger-kinds.ts";

/** What a statement switches off that ran for others, or on again. */
interface Switch {
  readonly kind: "TRIGGER" | "RULE" | "EVENT TRIGGER" | "CONSTRAINT";
  /** As the catalogue has it; undefined for all of the table. */
  readonly name: string | undefined;
  /** Folded; undefined for an event trigger. */
  readonly table: string | undefined;
  readonly isOn: boolean;
}

/**
 * Which of these statements, run in this order, switch a trigger, a rule, an event trigger or a constraint off that none of them switches on again: what
 * it did for writes, audits and checks among it, is not done from then on. Pure.
 */
export function switchedOff(statements: readonly Statement[]): ReadonlyMap<Statement, DangerKind> {
  const off = new Map<Statement, Switch>();
  for (const statement of statements) {
    const found = switchOf(statement);
    if (found === undefined) continue;
    if (!found.isOn) off.set(statement, found);
    else for (const [other, one] of off) if (isAbout(found, one)) off.delete(other);
  }
  return new Map(
    [...off].map(([statement, { kind, name, table }]) => [statement, { kind: "switched-off", of: kind, name, table }]),
  );
}

/** ALTER TABLE users DISABLE TRIGGER audit, or ENABLE REPLICA TRIGGER audit, which is off but for replication; ALTER EVENT TRIGGER e DISABLE */
function switchOf(statement: Statement): Switch | undefined {
  const { firstWord, words, text } = statement;
  if (firstWord !== "ALTER" || !/\b(?:disable|enable|enforced)\b/i.test(text)) return undefined;
  const tokens = statement.tokens();
  const constraint = constraintSwitched(tokens);
  if (constraint !== undefined) return constraint;
  const verb = tokens.findIndex((token, at) => at > 2 && (token === "DISABLE" || token === "ENABLE"));
  const isReplica = tokens[verb + 1] === "REPLICA";
  const isOn = tokens[verb] === "ENABLE" && !isReplica;
  if (words[1] === "EVENT") {
    return { kind: "EVENT TRIGGER", name: writtenName(tokens[3] ?? ""), table: undefined, isOn };
  }
  const at = verb + (isReplica || tokens[verb + 1] === "ALWAYS" ? 2 : 1);
  const [kind, name = ""] = tokens.slice(at);
  const [table] = namesAltered(tokens);
  if (table === undefined || (kind !== "TRIGGER" && kind !== "RULE")) return undefined;
  const isAll = kind === "TRIGGER" && (name === "ALL" || name === "USER");
  return { kind, name: isAll ? undefined : writtenName(name), table: foldedName(table), isOn };
}

/** ALTER TABLE orders ALTER CONSTRAINT of_user NOT ENFORCED */
function constraintSwitched(tokens: readonly string[]): Switch | undefined {
  const at = tokens.findIndex((token, index) => token === "CONSTRAINT" && tokens[index - 1] === "ALTER");
  const enforced = tokens.indexOf("ENFORCED", at);
  const [table] = namesAltered(tokens);
  if (at < 0 || enforced < 0 || table === undefined) return undefined;
  const name = writtenName(tokens[at + 1] ?? "");
  return { kind: "CONSTRAINT", name, table: foldedName(table), isOn: tokens[enforced - 1] !== "NOT" };
}

function isAbout(on: Switch, off: Switch): boolean {
  if (on.kind !== off.kind || (on.name !== undefined && on.name !== off.name)) return false;
  return on.table === undefined || off.table === undefined || mayBeSame(on.table, off.table);
}
