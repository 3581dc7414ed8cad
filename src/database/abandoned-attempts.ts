/**
 * How many attempts to connect that nobody waits for any more are still under way. Bun cannot take them back, and they would keep
 * the process until the system gives up, which takes minutes: whoever ends the process has to look here. Apart from the sockets,
 * so that a command without a database need not load those.
 */
export const abandonedAttempts = { count: 0 };
