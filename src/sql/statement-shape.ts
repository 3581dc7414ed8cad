import { type Lexer } from "./lexer/lexer.ts";
import { TokenKind } from "./lexer/token-kind.ts";
import { isWord } from "./lexer/word.ts";

const Step = {
  /** Nothing in the rest of the statement matters. */
  idle: 0,
  statementStart: 1,
  create: 2,
  createOr: 3,
  createOrReplace: 4,
  /** Inside CREATE FUNCTION or CREATE PROCEDURE: BEGIN ATOMIC may follow. */
  routine: 5,
  routineBegin: 6,
  copy: 7,
  copyFrom: 8,
  copyFromStdin: 9,
} as const;
type Step = (typeof Step)[keyof typeof Step];

/**
 * Follows one statement for the two constructs that decide where it ends: a SQL-standard function body,
 * whose semicolons do not end it, and COPY ... FROM STDIN, which data lines follow.
 *
 * psql counts every BEGIN, CASE and END inside CREATE FUNCTION. The grammar (gram.y, `routine_body`) is
 * stricter, and so are we: a body begins with BEGIN ATOMIC, and the END that closes it comes first in
 * its statement. So columns named "begin" or "end" do no harm.
 */
export class StatementShape {
  private step: Step = Step.statementStart;
  /** How many BEGIN ATOMIC are open. */
  private bodies = 0;

  /** Whether the tokens up to the next semicolon need to be shown. */
  get watching(): boolean {
    return this.step !== Step.idle;
  }

  get inBody(): boolean {
    return this.bodies > 0;
  }

  get isCopyFromStdin(): boolean {
    return this.step === Step.copyFromStdin;
  }

  /** A new statement begins, at the top level. */
  reset(): void {
    this.step = Step.statementStart;
    this.bodies = 0;
  }

  /** A semicolon inside a body: a statement of the body begins. */
  nextInBody(): void {
    this.step = Step.statementStart;
  }

  /** Shows the lexer's current token, which is outside parentheses or opens one. */
  see(lexer: Lexer): void {
    this.step = lexer.kind === TokenKind.word ? this.seeWord(lexer) : this.seeOther();
  }

  private seeWord(lexer: Lexer): Step {
    switch (this.step) {
      case Step.statementStart:
        if (isWord(lexer, "create")) return Step.create;
        if (this.bodies === 0) return isWord(lexer, "copy") ? Step.copy : Step.idle;
        if (isWord(lexer, "end")) this.bodies--;
        return Step.idle;
      case Step.create:
        if (isWord(lexer, "or")) return Step.createOr;
        return isRoutine(lexer) ? Step.routine : Step.idle;
      case Step.createOr:
        return isWord(lexer, "replace") ? Step.createOrReplace : Step.idle;
      case Step.createOrReplace:
        return isRoutine(lexer) ? Step.routine : Step.idle;
      case Step.routine:
        return isWord(lexer, "begin") ? Step.routineBegin : Step.routine;
      case Step.routineBegin:
        if (isWord(lexer, "atomic")) {
          this.bodies++;
          return Step.statementStart;
        }
        return isWord(lexer, "begin") ? Step.routineBegin : Step.routine;
      case Step.copy:
        return isWord(lexer, "from") ? Step.copyFrom : Step.copy;
      case Step.copyFrom:
        return isWord(lexer, "stdin") ? Step.copyFromStdin : Step.copy;
      default:
        return this.step;
    }
  }

  private seeOther(): Step {
    switch (this.step) {
      case Step.routine:
      case Step.routineBegin:
        return Step.routine;
      case Step.copy:
      case Step.copyFrom:
        return Step.copy;
      case Step.copyFromStdin:
        return Step.copyFromStdin;
      default:
        return Step.idle;
    }
  }
}

function isRoutine(lexer: Lexer): boolean {
  return isWord(lexer, "function") || isWord(lexer, "procedure");
}
