import { appendFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type postgres from "postgres";
import { runBinary } from "../../support/cli.ts";
import { type Major, startServer, type TestServer } from "../../support/servers.ts";
import { renamingProject } from "./fill-mishaps.ts";
import { CHANGE } from "./renamed-column.ts";

/** What a fill met that waits for a standby. */
export interface StandbyFigures {
  /** Seconds that it waited. */
  readonly waited: number;
  /** The reasons that its record showed, without their numbers. */
  readonly reasons: readonly string[];
}

/**
 * Fills a table while a standby replays with a delay, and the environment asks for less. Nobody writes once it waits: that
 * alone would keep it behind.
 * @throws Error where the fill did not wait, or the standby does not come to have the same rows
 */
export async function fillBehindStandby({
  major,
  rows,
}: {
  readonly major: Major;
  readonly rows: number;
}): Promise<StandbyFigures> {
  const primary = await startServer({ major });
  await primary.sql("create database changed");
  const standby = await primary.replica();
  try {
    await standby.stop();
    await appendFile(
      join(standby.dataDir, "postgresql.conf"),
      `\nprimary_conninfo = 'host=${primary.host} port=${primary.port} user=${primary.user} password=${primary.password} application_name=behind'\nrecovery_min_apply_delay = '2s'\nwal_receiver_status_interval = '1s'\n`,
    );
    await standby.start();
    await using project = await renamingProject(primary, "changed", rows, "backfill: { max_lag: 500ms }\n");
    const migrate = (...args: string[]): ReturnType<typeof runBinary> =>
      runBinary(["migrate", ...args], { cwd: project.dir });
    const begun = await migrate("up", "--to", "2");
    if (begun.exitCode !== 0) throw new Error(begun.stderr);
    const reasons = new Set<string>();
    const state = { isOver: false };
    const session = primary.connect("changed");
    // Something else keeps the standby behind until the fill has met that: one that is quick would be over before.
    await session`create table noise (n int)`;
    const noisy = primary.connect("changed");
    // By itself: what is asked below may have to wait for a lock, for longer than the standby needs to catch up.
    const noise = (async () => {
      while (!state.isOver && reasons.size === 0) {
        await noisy`insert into noise values (1)`;
        await sleep(50);
      }
      await noisy.end();
    })();
    for (;;) {
      const [behind] = await session`select 1 from pg_stat_replication where replay_lag > interval '1 s'`;
      if (behind !== undefined) break;
      await sleep(50);
    }
    const running = migrate("up").finally(() => (state.isOver = true));
    while (!state.isOver) {
      const [progress] = await session`select waits from confiture_migrations_progress`.catch(() => []);
      const waits = progress?.["waits"] as string | null | undefined;
      if (waits !== null && waits !== undefined) reasons.add(waits.replaceAll(/\d+(\.\d+)?/g, "N"));
      await sleep(50);
    }
    await noise;
    const { exitCode, stderr } = await running;
    if (exitCode !== 0) throw new Error(stderr);
    const [row] = await session`select waited_ms::int as waited from confiture_migrations_progress`;
    const [left] = await session`select 1 from users where full_name is distinct from name limit 1`;
    const waited = Number(row?.["waited"] ?? 0) / 1000;
    if (waited === 0) throw new Error("the fill did not wait for its standby");
    if (left !== undefined) throw new Error("a row is not filled");
    await requireSame(primary, standby);
    await project.write("db/migrations/006_visits.sql", VISITS);
    reasons.add(await withoutStandby(standby, session, () => migrate("up", "--contract", CHANGE)));
    const [unfilled] = await session`select 1 from users where visits = 0 limit 1`;
    if (unfilled !== undefined) throw new Error("a row is not filled");
    await session.end();
    await requireSame(primary, standby);
    return { waited, reasons: [...reasons].toSorted() };
  } finally {
    await Promise.all([primary.stop("immediate"), standby.stop("immediate")]);
  }
}

/** Another fill. */
const VISITS =
  "-- migrate:up backfill:public.users batch:100 triggers:on\nUPDATE users SET visits = 1 WHERE visits = 0;\n-- migrate:down\n";

/**
 * Fills while the standby has replayed nothing for a while, then is gone, then is back.
 * @returns why the fill waited when it was gone
 */
async function withoutStandby(
  standby: TestServer,
  session: postgres.Sql,
  fill: () => ReturnType<typeof runBinary>,
): Promise<string> {
  const configure = (line: string): Promise<void> => appendFile(join(standby.dataDir, "postgresql.conf"), `${line}\n`);
  const waitsFor = async (what: RegExp): Promise<string> => {
    for (let tries = 0; tries < 600; tries++) {
      const [progress] = await session`select waits from confiture_migrations_progress where version = '006'`;
      const waits = String(progress?.["waits"] ?? "");
      if (what.test(waits)) return waits;
      await sleep(50);
    }
    throw new Error(`the fill does not wait ${what.source}`);
  };
  await configure("recovery_min_apply_delay = '1h'");
  await standby.sql("select pg_reload_conf()");
  // What replays hears of that a moment later.
  for (;;) {
    await session`insert into noise values (2)`;
    // Longer than the delay before: that alone would look the same.
    await sleep(2500);
    const [behind] = await standby.sql("select 1 where pg_last_wal_receive_lsn() > pg_last_wal_replay_lsn()");
    if (behind !== undefined) break;
  }
  const running = fill();
  await waitsFor(/^for the replica behind/);
  await standby.stop("immediate");
  const reason = await waitsFor(/which was there and is gone/);
  await configure("recovery_min_apply_delay = 0");
  await standby.start();
  const { exitCode, stderr } = await running;
  if (exitCode !== 0) throw new Error(stderr);
  return reason;
}

async function requireSame(primary: TestServer, standby: TestServer): Promise<void> {
  const digest = async (server: TestServer): Promise<unknown> => {
    const session = server.connect("changed");
    const [row] = await session`select count(*), md5(string_agg(u::text, '' order by id)) from users u`;
    await session.end();
    return JSON.stringify(row);
  };
  const wanted = await digest(primary);
  for (let tries = 0; (await digest(standby)) !== wanted; tries++) {
    if (tries > 600) throw new Error("the standby does not come to have the same rows");
    await sleep(100);
  }
}
