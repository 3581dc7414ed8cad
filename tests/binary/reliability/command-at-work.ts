import { BINARY } from "../../support/cli.ts";

/** The executable at work, for what happens to it in the middle. */
export class CommandAtWork {
  readonly #child: Bun.Subprocess<"ignore", "pipe", "pipe">;
  #output = "";
  #heard: (() => void) | undefined;
  readonly ended: Promise<{ readonly exitCode: number; readonly output: string }>;

  constructor(dir: string, args: readonly string[], env: Readonly<Record<string, string>> = {}) {
    this.#child = Bun.spawn([BINARY, ...args], {
      cwd: dir,
      env: { PATH: process.env["PATH"] ?? "", HOME: dir, ...env },
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
      timeout: 120_000,
      killSignal: "SIGKILL",
    });
    this.ended = this.#listen();
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Until it has said something, or has ended. */
  async says(text: string): Promise<void> {
    const isOver = this.#child.exited.then(() => true);
    for (let over = false; !over && !this.#output.includes(text);) {
      over = await Promise.race([new Promise<boolean>((resolve) => (this.#heard = () => resolve(false))), isOver]);
    }
  }

  async #listen(): Promise<{ exitCode: number; output: string }> {
    const stdout = this.#child.stdout.text();
    for await (const piece of this.#child.stderr) {
      this.#output += Buffer.from(piece).toString();
      this.#heard?.();
    }
    return { exitCode: await this.#child.exited, output: this.#output + (await stdout) };
  }
}
