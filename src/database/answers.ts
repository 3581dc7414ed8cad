let count = 0;

/** To be called when a server has done, or refused, what it was asked for. */
export function countAnswer(): void {
  count++;
}

/** How often servers have answered in this process: who waits for work to end sees by it whether it goes on. */
export function answerCount(): number {
  return count;
}
