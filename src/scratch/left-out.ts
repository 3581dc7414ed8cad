import { aboutSubscription, mayReachOutside, reachesOutside } from "#sql/effects/outside.ts";
import { splitStatements } from "#sql/split.ts";
import { Statement } from "#sql/statement.ts";
import { writtenName } from "#sql/lexer/token-names.ts";

/** Hears of a statement that is not run, and why, in words that go on from "it": "runs a program on the server". */
export type OnLeftOut = (statement: Statement, reason: string) => void;

/** What stands for a statement that is left out: PostgreSQL counts one, and goes on behind it. */
const NOTHING = "select";

/**
 * Leaves out what reaches beyond a scratch database, whose server others use: statements by their text, and calls of functions
 * that were made in this database and do such a thing.
 */
export class Outside {
  readonly #isShared: boolean;
  /** Names of functions, with what they do. */
  readonly #functions = new Map<string, string>();

  /** @param isShared whether the server has other databases */
  constructor(isShared: boolean) {
    this.#isShared = isShared;
  }

  /** Why a statement is not to be run; undefined where it may. */
  of(statement: Statement): string | undefined {
    const reach = mayReachOutside(statement.text)
      ? (reachesOutside(statement, this.#isShared) ?? aboutSubscription(statement))
      : undefined;
    if (reach !== undefined || this.#functions.size === 0 || !CALLS.test(statement.firstWord ?? "")) return reach;
    // What reads the catalogue is not the project's own.
    if (/\bpg_/.test(statement.text)) return undefined;
    for (const [name, does] of this.#functions) if (calls(statement, name)) return does;
    return undefined;
  }

  /** SQL without what is left out, of which `onLeftOut` hears; positions in it hold. */
  without(sql: string, onLeftOut: OnLeftOut): string {
    if (!mayReachOutside(sql) && this.#functions.size === 0) return sql;
    let result = "";
    let at = 0;
    for (const statement of splitStatements(sql).statements) {
      const reason = this.of(statement);
      if (reason === undefined) {
        this.#note(statement);
        continue;
      }
      onLeftOut(statement, reason);
      // As many characters and lines: PostgreSQL's positions are in characters.
      const blank = statement.text.slice(NOTHING.length).replaceAll(/[^\n]/gu, " ");
      result += sql.slice(at, statement.start) + NOTHING + blank;
      at = statement.end;
    }
    return result + sql.slice(at);
  }

  #note(statement: Statement): void {
    if (statement.firstWord !== "CREATE") return;
    const at = statement.words.findIndex((word) => word === "FUNCTION" || word === "PROCEDURE");
    if (at !== 1 && at !== 3) return;
    const does = reachesOutside(Statement.of(`DO ${statement.text}`), this.#isShared);
    if (does === undefined) return;
    const tokens = statement.tokens();
    this.#functions.set(writtenName(tokens[tokens.indexOf("(", at) - 1] ?? ""), does);
  }
}

const CALLS = /^(?:SELECT|WITH|VALUES|INSERT|UPDATE|DELETE|MERGE|CALL|DO)$/;

function calls({ text }: Statement, name: string): boolean {
  return new RegExp(String.raw`(?<![\w$])"?${RegExp.escape(name)}"?\s*\(`, "i").test(text);
}
