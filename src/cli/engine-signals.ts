/** Apart from `main.ts`, since not every command has the embedded engine work. */
export { hearSignals } from "#database/embedded/signals.ts";
