import { answerCount } from "#database/answers.ts";

/** What is said of work that took too long to end. */
export const ABANDONED = "Interrupted; the work did not end in time, so it was abandoned";

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
  readonly #withoutAnswer: number;
  #looks = 0;
  #lookOfAnswer = 0;
  #answers = answerCount();

  /** @param waitsForServers whether nothing but servers may take its time: the embedded engine has no answers while it starts */
  constructor(waitsForServers: boolean) {
    this.#withoutAnswer = waitsForServers ? WITHOUT_ANSWER : ALTOGETHER;
  }

  /** @returns whether it took too long */
  look(): boolean {
    this.#looks++;
    const answers = answerCount();
    if (answers !== this.#answers) {
      this.#answers = answers;
      this.#lookOfAnswer = this.#looks;
    }
    return this.#looks - this.#lookOfAnswer >= this.#withoutAnswer || this.#looks >= ALTOGETHER;
  }
}
