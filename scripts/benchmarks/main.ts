/** Measures the works of docs/performance.md: `scripts/bench`. */
import { cpus, totalmem } from "node:os";
import { mkdtemp, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startServer, type TestServer } from "../../tests/support/servers.ts";
import { measure, type Measured, median, ratio } from "./measure.ts";
import { type Place, works } from "./works.ts";

const RUNS = 7;
const ROOT = join(import.meta.dir, "..", "..");
const only = process.argv.slice(2);

/** One line of the report. */
interface Line {
  readonly work: string;
  readonly results: readonly Measured[];
  /** The most that the ratio to the first peer, the time in ms, or the memory in MiB should be. */
  readonly target: { readonly ratio?: number; readonly time?: number; readonly memory?: number };
}

const folder = await realpath(await mkdtemp(join(tmpdir(), "confiture-bench-")));
const server: TestServer = await startServer({ major: 18, settings: ["max_locks_per_transaction = 8192"] });
const place: Place = { folder, server, binary: join(ROOT, "dist", "confiture"), peers: join(ROOT, ".cache", "bench") };
const lines: Line[] = [];
try {
  for (const work of await works(place)) {
    if (only.length > 0 && !only.some((name) => work.name.startsWith(name))) continue;
    const results = await measure(work.contenders, RUNS);
    const line = { work: work.name, results, target: work.target };
    lines.push(line);
    console.log(row(line));
  }
  if (only.length === 0) await writeFile(join(ROOT, "docs", "performance.md"), await report());
} finally {
  await server.stop("immediate");
  await rm(folder, { recursive: true, force: true });
}
// The server's keeper would hold the process.
process.exit(0);

function row({ work, results, target }: Line): string {
  const [own, ...peers] = results;
  if (own === undefined) return `| ${work} | | | |`;
  const times = results.map((result) => `${result.name} ${milliseconds(median(result.times))}`).join(", ");
  const ratios = peers.map((peer) => `${ratio(own, peer).toFixed(2)} x ${peer.name}`).join(", ");
  const memory = `${Math.round(own.memory / 1024 / 1024)} MiB`;
  return `| ${work} | ${times} | ${ratios} | ${memory} | ${verdict(own, peers[0], target)} |`;
}

function verdict(own: Measured, peer: Measured | undefined, target: Line["target"]): string {
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

async function report(): Promise<string> {
  const version = async (...command: string[]): Promise<string> =>
    (await Bun.spawn(command, { stderr: "ignore" }).stdout.text()).trim();
  const versions = await Promise.all([
    version(place.binary, "--version"),
    version("psql", "--version"),
    version(join(place.peers, "node_modules", ".bin", "dbmate"), "--version"),
  ]);
  return `# Performance

Written by \`scripts/bench\`, which measures whole processes: ${RUNS} runs of each after one that does not count, in turn
(A B A B). Times are medians, ratios are medians of the ratios run by run, memory is the largest of all runs. The server
is PostgreSQL ${server.major} on the same machine with fsync off, so that the tools are measured and not the disk.

Machine: ${cpus().length} x ${cpus()[0]?.model ?? "?"}, ${Math.round(totalmem() / 2 ** 30)} GiB, ${process.platform} ${process.arch}.
Versions: ${versions.join("; ")}; node-pg-migrate 9.0.0.

| work | medians | ratios | memory | target met |
|---|---|---|---|---|
${lines.map(row).join("\n")}
`;
}
