import { inside, type Node, strings } from "#sql/parser.ts";
import type { Relations } from "./relations.ts";

/** A trigger that runs before rows are inserted. */
interface Filling {
  readonly name: string;
  readonly calls: string;
  readonly args: readonly string[];
}

/** Triggers that may give columns a value which writers leave out. */
export class FillingTriggers {
  /** By the key of their table. */
  readonly #triggers = new Map<string, readonly Filling[]>();
  /** Functions that were made, by their last name. */
  readonly #bodies = new Map<string, string>();

  apply(relations: Relations, text: string, node: Node): void {
    const code = inside(node, "CreateFunctionStmt");
    if (code !== undefined) this.#bodies.set(strings(code.funcname).at(-1) ?? "", text);
    const made = inside(node, "CreateTrigStmt");
    if (made !== undefined && isBeforeInsert(node)) {
      const { trigname: name = "", funcname, args } = made;
      const trigger = { name, calls: strings(funcname).at(-1) ?? "", args: strings(args) };
      const key = relations.keyOf(made.relation);
      this.#triggers.set(key, [...(this.#triggers.get(key) ?? []), trigger]);
    }
    const drop = inside(node, "DropStmt");
    if (drop?.removeType !== "OBJECT_TRIGGER") return;
    for (const object of drop.objects ?? []) {
      const [schemaname, relname = "", name] = [undefined, ...strings(inside(object, "List")?.items)].slice(-3);
      const key = relations.keyOf(schemaname === undefined ? { relname } : { schemaname, relname });
      this.#triggers.set(key, this.#triggers.get(key)?.filter((one) => one.name !== name) ?? []);
    }
  }

  /** Whether one of a table speaks of a column, or calls what is not known. */
  mayFill(key: string, column: string): boolean {
    const word = new RegExp(String.raw`(?<![\w$])${RegExp.escape(column)}(?![\w$])`, "i");
    return (this.#triggers.get(key) ?? []).some(({ calls, args }) => {
      if (args.length > 0) return args.includes(column);
      const body = this.#bodies.get(calls);
      return body === undefined || word.test(body);
    });
  }
}

/** Whether a statement makes a trigger that runs before rows are inserted. */
export function isBeforeInsert(node: Node | undefined): boolean {
  const { timing = 0, events = 0 } = inside(node, "CreateTrigStmt") ?? {};
  return (timing & BEFORE) > 0 && (events & INSERT) > 0;
}

/** Bits of a trigger's timing and events (PostgreSQL's pg_trigger.h). */
const BEFORE = 2;
const INSERT = 4;
