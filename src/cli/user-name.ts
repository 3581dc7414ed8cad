import { userInfo } from "node:os";
import { readRegularFile } from "#files/read.ts";

/**
 * The operating system's name of the user whose rights this process has, as libpq looks it up (geteuid, getpwuid); empty where
 * the number has none. What USER says plays no part. The runtime's `userInfo` takes that for the name, and "unknown" without it.
 */
export function userName(): string {
  const id = process.geteuid?.();
  if (id === undefined) return ofWindows();
  return inPasswordFile(id) ?? fromDirectory();
}

function ofWindows(): string {
  try {
    return userInfo().username;
  } catch {
    return process.env["USERNAME"] ?? "";
  }
}

/** Lines are name:password:number:... (passwd(5)). */
function inPasswordFile(id: number): string | undefined {
  let text: string;
  try {
    text = readRegularFile("/etc/passwd", "/etc/passwd").toString();
  } catch {
    return undefined;
  }
  const fields = text.split("\n").map((line) => line.split(":"));
  return fields.find(([, , number]) => number === String(id))?.[0];
}

/** Users of a network's directory, and those of macOS, are in no file. */
function fromDirectory(): string {
  try {
    const { exitCode, stdout } = Bun.spawnSync(["/usr/bin/id", "-un"], { stderr: "ignore" });
    return exitCode === 0 ? stdout.toString().trim() : "";
  } catch {
    // Minimal containers have no such program.
    return "";
  }
}
