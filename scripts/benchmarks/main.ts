/** Measures the works of docs/performance.md: `scripts/bench`. */
import { mkdtemp, realpath, rm } from "node:fs/promises";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { startServer, type TestServer } from "../../tests/support/servers.ts";
import { machine, writeFigures } from "./figures.ts";
import { measure, type Measured, median, ratio } from "./measure.ts";
import { growths, type Place, type Work, works } from "./works.ts";

const RUNS = 7;
const ROOT = join(import.meta.dir, "..", "..");
const DOCUMENT = join(ROOT, "docs", "performance.md");
const only = process.argv.slice(2);

/** How often one command is measured on one size. */
const GROWTH_RUNS = 3;
/** The most that an item among 10,000 should take, compared with one among 1,000. */
const GROWTH_TARGET = 1.2;

interface Line {
  readonly work: Work;
  readonly results: readonly Measured[];
}

interface GrowthLine {
  readonly name: string;
  readonly sizes: readonly { readonly items: number; readonly result: Measured }[];
}

const folder = await realpath(await mkdtemp(join(tmpdir(), "confiture-bench-")));
const server: TestServer = await startServer({ major: 18, settings: ["max_locks_per_transaction = 8192"] });
const place: Place = { folder, server, binary: join(ROOT, "dist", "confiture"), peers: join(ROOT, ".cache", "bench") };
const lines: Line[] = [];
const growthLines: GrowthLine[] = [];
const isWanted = ({ name }: { readonly name: string }): boolean =>
  only.length === 0 || only.some((beginning) => name.startsWith(beginning));
try {
  for (const work of (await works(place)).filter(isWanted)) {
    const line = { work, results: await measure(work.contenders, RUNS) };
    lines.push(line);
    console.log(row(line));
  }
  for (const { name, sizes } of (await growths(place)).filter(isWanted)) {
    const measured: GrowthLine["sizes"][number][] = [];
    for (const { items, contender } of sizes) {
      const [result] = await measure([contender], GROWTH_RUNS);
      measured.push({ items, result: result! });
    }
    const line = { name, sizes: measured };
    growthLines.push(line);
    console.log(growthRow(line));
  }
  if (only.length === 0) await writeDocument();
} finally {
  await server.stop("immediate");
  await rm(folder, { recursive: true, force: true });
}
// The server's keeper would hold the process.
process.exit(0);

function row({ work, results }: Line): string {
  const [own, ...peers] = results;
  if (own === undefined) throw new Error(`nothing was measured: ${work.name}`);
  const times = results.map((result) => `${result.name} ${milliseconds(median(result.times))}`).join(", ");
  const ratios = peers.map((peer) => `${ratio(own, peer).toFixed(2)} x ${peer.name}`).join(", ");
  const memory = `${Math.round(own.memory / 1024 / 1024)} MiB`;
  return `| ${work.name} | ${times} | ${ratios} | ${memory} | ${verdict(own, peers[0], work.target)} |`;
}

function growthRow({ name, sizes }: GrowthLine): string {
  const each = sizes.map(({ items, result }) => median(result.times) / items);
  const cells = sizes.map(
    ({ result }, index) => `${milliseconds(median(result.times))} (${(each[index]! * 1000).toFixed(0)} µs)`,
  );
  const growth = each.at(-1)! / each.at(-2)!;
  const memory = `${Math.round(sizes.at(-1)!.result.memory / 1024 / 1024)} MiB`;
  return `| ${name} | ${cells.join(" | ")} | ${memory} | ${growth <= GROWTH_TARGET ? "yes" : "no"} (${growth.toFixed(2)}) |`;
}

function verdict(own: Measured, peer: Measured | undefined, target: Work["target"]): string {
  const checks: [boolean, string][] = [];
  if (target.ratio !== undefined && peer !== undefined) {
    checks.push([ratio(own, peer) <= target.ratio, `${target.ratio.toFixed(2)} x ${peer.name}`]);
  }
  if (target.time !== undefined) checks.push([median(own.times) <= target.time, milliseconds(target.time)]);
  if (target.memory !== undefined) checks.push([own.memory <= target.memory * 1024 * 1024, `${target.memory} MiB`]);
  return checks.map(([met, text]) => `${met ? "yes" : "no"} (${text})`).join(", ");
}

function milliseconds(value: number): string {
  return value < 1000 ? `${value.toFixed(value < 10 ? 1 : 0)} ms` : `${(value / 1000).toFixed(2)} s`;
}

async function writeDocument(): Promise<void> {
  const version = async (...command: string[]): Promise<string> =>
    (await Bun.spawn(command, { stderr: "ignore" }).stdout.text()).trim();
  const versions = await Promise.all([
    version(place.binary, "--version"),
    version("psql", "--version"),
    version(join(place.peers, "node_modules", ".bin", "dbmate"), "--version"),
  ]);
  const head = "| work | medians | ratios | memory | target met |\n|---|---|---|---|---|";
  await writeFigures(
    DOCUMENT,
    "works",
    `Machine: ${machine()}; ${load()}
Versions: ${versions.join("; ")}; node-pg-migrate 9.0.0.

${head}
${lines.map(row).join("\n")}`,
  );
  const growthHead = "| work | 100 | 1,000 | 10,000 | memory at 10,000 | target met |\n|---|---|---|---|---|---|";
  await writeFigures(DOCUMENT, "growth", `${growthHead}\n${growthLines.map(growthRow).join("\n")}`);
}

/** Whether the machine had other things to do, too. */
function load(): string {
  return `the load average at the end was ${loadavg()[1]!.toFixed(1)}, of which the work itself is 1 to 2.`;
}
