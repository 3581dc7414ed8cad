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
   * One BEGIN first, with nothing but SET before it, and one COMMIT last: running `inner` in a transaction with these
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
  /** Anything else; `statement` is the first that controls a transaction. */
  | { readonly kind: "control"; readonly statement: Statement; readonly verb: TransactionVerb };

/** Tells whether a file's statements are wholly wrapped in one BEGIN ... COMMIT. */
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
  return { kind: "control", statement: begin, verb: transactionControl(begin)! };
}

/** Whether a statement says how its transaction is to be, for which it has to come first in it. */
export function setsTransaction({ words: [first, second, third] }: Statement): boolean {
  if (first !== "SET") return false;
  const name = second === "LOCAL" || second === "SESSION" ? third : second;
  return name !== undefined && /^TRANSACTION(_ISOLATION|_READ_ONLY|_DEFERRABLE)?$/.test(name);
}

/** SET and RESET of what holds for the session, in a transaction or outside one. */
function isSessionSetting(statement: Statement): boolean {
  const [first, second] = statement.words;
  if (first === "RESET") return true;
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
