import { answerCount } from "#database/answers.ts";

/** Milliseconds between two looks. */
export const LOOK = 100;

/** Looks without an answer of any server. A session gives up a little earlier by itself, and says so (database/session.ts). */
const WITHOUT_ANSWER = 17;

/** Looks in all: a server that goes on answering may take its time to end the work in order, but not for ever. */
const ALTOGETHER = 50;

/**
 * How long the end of interrupted work may take. It counts looks and not time: a process that a busy machine keeps
 * from working is not late.
 */
export class LongestEnd {
  #looks = 0;
  #lookOfAnswer = 0;
  #answers = answerCount();

  /** @returns whether it took too long */
  look(): boolean {
    this.#looks++;
    const answers = answerCount();
    if (answers !== this.#answers) {
      this.#answers = answers;
      this.#lookOfAnswer = this.#looks;
    }
    return this.#looks - this.#lookOfAnswer >= WITHOUT_ANSWER || this.#looks >= ALTOGETHER;
  }
}
