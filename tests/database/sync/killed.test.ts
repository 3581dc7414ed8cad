import { expect, test } from "bun:test";
import { join } from "node:path";
import { cliProject, environmentFile } from "../../cli/project.ts";
import { ROOT } from "../../support/postgres-binaries.ts";
import { textsInMemory } from "../../support/process-memory.ts";

/** What a run says when it begins with something. */
const STEPS = ["Making tables", "Copying rows", "Making keys", "Comparing the copy", "Putting the copy in place"];

/** In the environment of a run, so that it is in its memory. */
const MARK = "mark-of-a-run";
/** In every original, and nowhere else. */
const SECRET = "@corp.example";

test("a run that is killed leaves the old target or the new one, and no original in a core dump; the next run clears up", async () => {
  await using project = await cliProject({ "db/sync/rules.yaml": "tables:\n  people: { keep: [id], email: email }\n" });
  const copy = await project.server.createDatabase("copy");
  await project.write("db/environments/copy.yaml", environmentFile(project.server, copy, "sync: { replace: true }\n"));
  await project.query(
    `create table people as select g as id, 'person' || g || '${SECRET}' as email from generate_series(1, 20000) g`,
  );
  const before = project.server.connect(copy);
  await before`create table old as select 1 as id`;
  await before.end();
  const start = (): Bun.Subprocess<"ignore", "pipe", "pipe"> =>
    Bun.spawn(
      [process.execPath, join(ROOT, "src/main.ts"), "sync", "--from", "local", "--to", "copy", "--yes", "copy"],
      {
        cwd: project.dir,
        env: { PATH: process.env["PATH"] ?? "", HOME: project.dir, MARK },
        stdin: "ignore",
        stdout: "pipe",
        stderr: "pipe",
      },
    );
  /** Runs until it says `step`, and kills it there; undefined: to its end. */
  const run = async (step: string | undefined): Promise<number> => {
    for (;;) {
      const child = start();
      let said = "";
      let held: string[] | undefined;
      for await (const piece of child.stderr) {
        said += Buffer.from(piece).toString();
        if (step === undefined || !said.includes(step)) continue;
        child.kill("SIGSTOP");
        held = textsInMemory(child.pid, [MARK, SECRET]);
        child.kill("SIGKILL");
        break;
      }
      const code = await child.exited;
      expect([[MARK], undefined]).toContainEqual(held);
      // The server has not noticed yet that the one before is gone.
      if (code === 6) continue;
      if (step !== undefined && !said.includes(step)) throw new Error(said);
      return code;
    }
  };
  const contents = async (): Promise<string[]> => {
    const target = project.server.connect(copy);
    const rows = await target<{ name: string; rows: number }[]>`
      select relname::text as name from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace order by 1`;
    const names = rows.map(({ name }) => name);
    if (names.includes("people"))
      expect((await target`select count(*)::int as n from people`)[0]).toEqual({ n: 20_000 });
    await target.end();
    return names;
  };
  for (const step of STEPS) {
    await run(step);
    const names = await contents();
    expect([["old"], ["people"]]).toContainEqual(names);
    if (step !== STEPS.at(-1)) expect(names).toEqual(["old"]);
  }
  expect(await run(undefined)).toBe(0);
  expect(await contents()).toEqual(["people"]);
  const left = await project.server.sql("select datname from pg_database where datname like $1", [`${copy}_sync%`]);
  expect(left).toEqual([]);
  await project.server.dropDatabase(copy);
}, 180_000);
