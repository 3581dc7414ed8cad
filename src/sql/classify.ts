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
  /** One plain BEGIN first and one COMMIT last, nothing else: running `inner` in a transaction is the same. */
  | {
      readonly kind: "wrapped";
      readonly begin: Statement;
      readonly inner: readonly Statement[];
      readonly commit: Statement;
    }
  /** Anything else; `statement` is the first that controls a transaction. */
  | { readonly kind: "control"; readonly statement: Statement; readonly verb: TransactionVerb };

/** Tells whether a file's statements are wholly wrapped in one BEGIN ... COMMIT. Options (an isolation level) make it its own control. */
export function unwrapTransaction(statements: readonly Statement[]): TransactionUse {
  const controls = statements.filter((statement) => transactionControl(statement) !== undefined);
  const [begin, commit] = controls;
  if (begin === undefined) return { kind: "none" };
  if (
    controls.length === 2 &&
    commit !== undefined &&
    begin === statements[0] &&
    commit === statements.at(-1) &&
    isPlainBegin(begin) &&
    isPlainCommit(commit)
  ) {
    return { kind: "wrapped", begin, inner: statements.slice(1, -1), commit };
  }
  return { kind: "control", statement: begin, verb: transactionControl(begin)! };
}

function isPlainBegin({ words }: Statement): boolean {
  if (words[0] === "START") return words.length === 2;
  return words[0] === "BEGIN" && (words.length === 1 || (words.length === 2 && isNoise(words[1])));
}

function isPlainCommit({ words }: Statement): boolean {
  if (words[0] !== "COMMIT" && words[0] !== "END") return false;
  const rest = words.slice(isNoise(words[1]) ? 2 : 1).join(" ");
  return rest === "" || rest === "AND NO CHAIN";
}

function isNoise(word: string | undefined): boolean {
  return word === "WORK" || word === "TRANSACTION";
}
