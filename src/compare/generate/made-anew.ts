import { parseQualifiedName } from "#sql/quote.ts";
import { encodeId, type ObjectId } from "../engine/object-id.ts";
import type { PlannedStatement } from "../plan/statement.ts";

/**
 * Tells which objects statements make anew that were there before: in place of what they drop, or of what they put aside under another
 * name. A routine counts whatever its arguments are called meanwhile.
 */
export class MadeAnew {
  readonly #there: (id: ObjectId) => boolean;
  readonly #removed = new Set<string>();

  /** @param there whether an object was there before the first statement */
  constructor(there: (id: ObjectId) => boolean) {
    this.#there = there;
  }

  /** Those that a statement makes anew, told in the order in which statements run. */
  by({ sql, planned = sql, makes, removes }: PlannedStatement): readonly ObjectId[] {
    const replaces = !/^CREATE (?!OR REPLACE )/.test(planned);
    const type = makes.length === 0 ? typeMadeBy(planned) : undefined;
    const made = type === undefined ? makes : [type];
    const found = made.filter((id) => this.#there(id) && (!replaces || this.#removed.has(keyOf(id))));
    for (const id of removes) this.#removed.add(keyOf(id));
    return found;
  }
}

/** The planner tells a type that takes the place of one under another name as a change of that. */
function typeMadeBy(sql: string): ObjectId | undefined {
  const [, word, written] = MAKES_TYPE.exec(sql) ?? [];
  const { schema, name } = (written === undefined ? undefined : parseQualifiedName(written)) ?? {};
  if (schema === undefined || name === undefined) return undefined;
  return { kind: word === "TYPE" ? "type" : "domain", schema, name };
}

const MAKES_TYPE = /^CREATE (TYPE|DOMAIN) ((?:"(?:[^"]|"")+"|[\w$]+)\.(?:"(?:[^"]|"")+"|[\w$]+))/;

function keyOf(id: ObjectId): string {
  return "args" in id ? encodeId({ ...id, args: [] }) : encodeId(id);
}
