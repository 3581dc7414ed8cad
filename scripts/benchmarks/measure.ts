/** One way to do a work: the tool's, or a peer's. */
export interface Contender {
  readonly name: string;
  readonly command: readonly string[];
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Before each run, not measured. */
  readonly prepare?: () => Promise<void>;
}

/** What the runs of one contender came to. */
export interface Measured {
  readonly name: string;
  /** Milliseconds of whole processes, in the order they ran. */
  readonly times: readonly number[];
  /** The largest, in bytes. */
  readonly memory: number;
  /** Milliseconds of processor time, in the order they ran: what else the machine does changes it less. */
  readonly processor: readonly number[];
}

/**
 * Runs the contenders in turn, A B A B, so that a machine that slows down slows them all.
 * @throws Error when one of them fails: a failed run is no measurement
 */
export async function measure(contenders: readonly Contender[], runs: number): Promise<Measured[]> {
  const times = contenders.map((): number[] => []);
  const memory = contenders.map(() => 0);
  const processor = contenders.map((): number[] => []);
  // The first round fills caches and does not count.
  for (let round = -1; round < runs; round++) {
    for (const [index, contender] of contenders.entries()) {
      await contender.prepare?.();
      const result = await runOnce(contender);
      if (round >= 0) {
        times[index]!.push(result.time);
        processor[index]!.push(result.processor);
      }
      memory[index] = Math.max(memory[index]!, result.memory);
    }
  }
  return contenders.map(({ name }, index) => ({
    name,
    times: times[index]!,
    memory: memory[index]!,
    processor: processor[index]!,
  }));
}

/** A child's peak begins with that of the process that forked it, so a small one has to stand between. */
const MEASURE_MEMORY = ["/usr/bin/time", "-f", "peak %M processor %U %S"];

async function runOnce({
  name,
  command,
  cwd,
  env,
}: Contender): Promise<{ time: number; memory: number; processor: number }> {
  const started = performance.now();
  const child = Bun.spawn([...MEASURE_MEMORY, ...command], {
    ...(cwd === undefined ? {} : { cwd }),
    env: { PATH: process.env["PATH"] ?? "", HOME: "/nonexistent", ...env },
    stdin: "ignore",
    stdout: "ignore",
    stderr: "pipe",
  });
  const [stderr, exitCode] = await Promise.all([child.stderr.text(), child.exited]);
  const time = performance.now() - started;
  if (exitCode !== 0) throw new Error(`${name} failed with ${exitCode}: ${command.join(" ")}\n${stderr.slice(-2000)}`);
  const [, peak, user, system] = /peak (\d+) processor ([\d.]+) ([\d.]+)/.exec(stderr) ?? [];
  return { time, memory: Number(peak) * 1024, processor: (Number(user) + Number(system)) * 1000 };
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

/** The median of the ratios run by run: drift of the machine falls out. */
export function ratio(a: Measured, b: Measured): number {
  return median(a.times.map((time, index) => time / b.times[index]!));
}
