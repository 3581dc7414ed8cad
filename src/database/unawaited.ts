/**
 * How many things there are that would keep the process and that nobody waits for any more: attempts to connect that are still
 * under way, which Bun cannot take back and the system gives up after minutes, and an engine that is kept for further work.
 * Whoever ends the process has to look here. Apart from those, so that a command without a database need not load them.
 */
export const unawaited = { count: 0 };
