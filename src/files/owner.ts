import { readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";
import { kill, pid, platform } from "node:process";

/**
 * This process, in a form that fits into a file name: its number, the moment it began, and the machine (or container)
 * whose numbers these are. A number alone would be somebody else's one day.
 */
export function ownerKey(): string {
  return (own ??= `${pid.toString(36)}-${startOf(pid) ?? "0"}-${place()}`);
}

let own: string | undefined;

const KEY = /^([0-9a-z]+)-([0-9a-z]+)-([0-9a-f]{8})$/;

/** How `ownerKey` looks, for names that hold one. */
export const KEY_PATTERN = "[0-9a-z]+-[0-9a-z]+-[0-9a-f]{8}";

/** What became of the process with this key. "elsewhere": on another machine, or in another container. */
export function fateOf(key: string): "living" | "gone" | "elsewhere" {
  if (key === ownerKey()) return "living";
  const match = KEY.exec(key);
  if (match === null) return "elsewhere";
  const [, number = "", start = "", where = ""] = match;
  if (where !== place()) return "elsewhere";
  const other = Number.parseInt(number, 36);
  try {
    kill(other, 0);
  } catch (error) {
    // Any other error (EPERM) means that it is there.
    if ((error as NodeJS.ErrnoException).code === "ESRCH") return "gone";
  }
  const now = startOf(other);
  return now === undefined || start === "0" || now === start ? "living" : "gone";
}

/** The process number in a key, for messages. */
export function numberOf(key: string): number {
  return Number.parseInt(key, 36);
}

/** When a process began, in any unit; undefined when that cannot be seen. "ended" for one that only waits to be reaped. */
function startOf(number: number): string | undefined {
  if (platform === "win32") return undefined;
  if (platform !== "linux") {
    const { stdout } = Bun.spawnSync(["ps", "-o", "lstart=", "-p", String(number)], { stderr: "ignore" });
    const said = stdout.toString().trim();
    return said === "" ? undefined : Bun.hash(said).toString(36);
  }
  try {
    const stat = readFileSync(`/proc/${number}/stat`, "latin1");
    // proc_pid_stat(5): the name, which may hold anything, is in parentheses; the state follows, the start is field 22.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return fields[0] === "Z" || fields[0] === "X" ? "ended" : Number(fields[19]).toString(36);
  } catch {
    return undefined;
  }
}

/** Where process numbers mean what they mean here, as eight hexadecimal digits. */
function place(): string {
  return (here ??= Bun.hash(placeName()).toString(16).padStart(16, "0").slice(0, 8));
}

let here: string | undefined;

function placeName(): string {
  try {
    return `${readFileSync("/proc/sys/kernel/random/boot_id", "latin1")}${readlinkSync("/proc/self/ns/pid")}`;
  } catch {
    return hostname();
  }
}
