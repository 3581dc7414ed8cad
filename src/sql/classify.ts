import type { Statement } from "./statement.ts";

export { cannotRunInTransaction } from "./transaction-block.ts";

export type TransactionVerb =
  | "BEGIN"
  | "START TRANSACTION"
  | "COMMIT"
  | "END"
  | "ROLLBACK"
  | "ABORT"
  | "PREPARE TRANSACTION"
  | "COMMIT PREPARED"
  | "ROLLBACK PREPARED";

/** What they begin with; nearly all statements begin otherwise. */
const CONTROLS: ReadonlySet<string> = new Set(["BEGIN", "END", "ABORT", "START", "PREPARE", "COMMIT", "ROLLBACK"]);

/**
 * The verb of a statement that begins or ends a transaction, or undefined. Savepoints stay inside their
 * transaction, so SAVEPOINT, RELEASE and ROLLBACK TO are none.
 */
export function transactionControl(statement: Statement): TransactionVerb | undefined {
  const first = statement.firstWord;
  if (first === undefined || !CONTROLS.has(first)) return undefined;
  const words = statement.words;
  switch (first) {
    case "BEGIN":
    case "END":
    case "ABORT":
      return first;
    case "START":
      return words[1] === "TRANSACTION" ? "START TRANSACTION" : undefined;
    case "PREPARE":
      return words[1] === "TRANSACTION" && words[2] !== "AS" && words[2] !== "(" ? "PREPARE TRANSACTION" : undefined;
    case "COMMIT":
      return words[1] === "PREPARED" ? "COMMIT PREPARED" : "COMMIT";
    case "ROLLBACK":
      if (words[1] === "PREPARED") return "ROLLBACK PREPARED";
      return words[isNoise(words[1]) ? 2 : 1] === "TO" ? undefined : "ROLLBACK";
    default:
      return undefined;
  }
}

/** How the statements of a file deal with transactions of their own. */
export type TransactionUse =
  /** There is no transaction control. */
  | { readonly kind: "none" }
  /**
   * One BEGIN first, with nothing but settings before it, and one COMMIT last: running `inner` in a transaction with these
   * modes is the same.
   */
  | {
      readonly kind: "wrapped";
      readonly begin: Statement;
      /** All but BEGIN and COMMIT. */
      readonly inner: readonly Statement[];
      readonly commit: Statement;
      /** What follows BEGIN, for example "ISOLATION LEVEL SERIALIZABLE"; mostly empty. */
      readonly modes: string;
    }
  /** BEGIN without an end: inside a transaction it is no more than a warning. `inner` is all but these. */
  | { readonly kind: "begun"; readonly begins: readonly Statement[]; readonly inner: readonly Statement[] }
  /** Whole BEGIN ... COMMIT blocks, several of them or among other statements. */
  | { readonly kind: "blocks"; readonly statement: Statement; readonly verb: TransactionVerb }
  /**
   * A COMMIT and then a BEGIN, perhaps several times: the file counts on a transaction that is open around it, and cuts that
   * in pieces. `parts` are the statements of each, and each statement by itself that stands between COMMIT and BEGIN.
   */
  | { readonly kind: "cut"; readonly parts: readonly (readonly Statement[])[]; readonly cuts: readonly Statement[] }
  /** Anything else; `statement` is the first that controls a transaction. */
  | { readonly kind: "control"; readonly statement: Statement; readonly verb: TransactionVerb };

/** Tells what a file's BEGIN and COMMIT come to, if it has any. */
export function unwrapTransaction(statements: readonly Statement[]): TransactionUse {
  const controls = statements.filter((statement) => transactionControl(statement) !== undefined);
  const [begin, commit] = controls;
  if (begin === undefined) return { kind: "none" };
  const modes = beginModes(begin);
  if (
    controls.length === 2 &&
    modes !== undefined &&
    commit !== undefined &&
    commit === statements.at(-1) &&
    isPlainCommit(commit) &&
    statements.slice(0, statements.indexOf(begin)).every(isSessionSetting)
  ) {
    const inner = statements.filter((statement) => statement !== begin && statement !== commit);
    return { kind: "wrapped", begin, inner, commit, modes };
  }
  if (controls.every((statement) => beginModes(statement) === "")) {
    return { kind: "begun", begins: controls, inner: statements.filter((statement) => !controls.includes(statement)) };
  }
  const isCut = controls.every((statement, index) =>
    index % 2 === 0 ? isPlainCommit(statement) : beginModes(statement) === "",
  );
  if (isCut && controls.length % 2 === 0) return { kind: "cut", parts: cutAt(statements, controls), cuts: controls };
  const isBlocks = controls.every((statement, index) =>
    index % 2 === 0 ? beginModes(statement) !== undefined : isPlainCommit(statement),
  );
  return {
    kind: isBlocks && controls.length % 2 === 0 ? "blocks" : "control",
    statement: begin,
    verb: transactionControl(begin)!,
  };
}

/** @param cuts COMMIT and BEGIN in turn */
function cutAt(statements: readonly Statement[], cuts: readonly Statement[]): Statement[][] {
  const parts: Statement[][] = [[]];
  let inside = true;
  for (const statement of statements) {
    if (cuts.includes(statement)) {
      inside = !inside;
      parts.push([]);
    } else if (inside) parts.at(-1)!.push(statement);
    else parts.push([statement]);
  }
  return parts.filter((part) => part.length > 0);
}

/** Whether a statement says how its transaction is to be, for which it has to come first in it. */
export function setsTransaction({ words: [first, second, third] }: Statement): boolean {
  if (first !== "SET") return false;
  const name = second === "LOCAL" || second === "SESSION" ? third : second;
  return name !== undefined && /^TRANSACTION(_ISOLATION|_READ_ONLY|_DEFERRABLE)?$/.test(name);
}

/** `set_config` with nothing but literals, so that doing it again changes nothing else. */
const SET_CONFIG = /^SELECT (PG_CATALOG \. )?SET_CONFIG \( '[^']*' , '[^']*' , \w+ \)$/;

/** Whether all that a statement does is to set or reset what holds for the session: SET, RESET, SELECT set_config(...). */
export function isSessionSetting(statement: Statement): boolean {
  const [first, second] = statement.words;
  if (first === "RESET") return true;
  if (first === "SELECT") return SET_CONFIG.test(statement.tokens(12).join(" "));
  return first === "SET" && second !== "LOCAL" && second !== "CONSTRAINTS" && !setsTransaction(statement);
}

/** What follows BEGIN or START TRANSACTION; undefined for another statement. */
function beginModes(statement: Statement): string | undefined {
  const { words } = statement;
  if (words[0] !== "BEGIN" && words[0] !== "START") return undefined;
  return statement
    .tokens()
    .slice(isNoise(words[1]) ? 2 : 1)
    .join(" ");
}

function isPlainCommit({ words }: Statement): boolean {
  if (words[0] !== "COMMIT" && words[0] !== "END") return false;
  const rest = words.slice(isNoise(words[1]) ? 2 : 1).join(" ");
  return rest === "" || rest === "AND NO CHAIN";
}

function isNoise(word: string | undefined): boolean {
  return word === "WORK" || word === "TRANSACTION";
}
