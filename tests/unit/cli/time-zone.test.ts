import { expect, test } from "bun:test";
import { localTime } from "../../../src/cli/output/time-zone.ts";

/** As `date` of the GNU core utilities tells it, which asks the C library. */
function byLibrary(moment: string, zone: string): string {
  const child = Bun.spawnSync(["date", "-d", moment, "+%Y-%m-%d %H:%M:%S"], { env: { ...process.env, TZ: zone } });
  return child.stdout.toString().trim();
}

const MOMENTS = ["2026-01-15T12:00:00Z", "2026-07-15T12:00:00Z", "2024-02-29T23:59:59Z", "2026-03-08T06:59:59Z"].concat(
  ["2026-03-08T07:00:00Z", "2026-03-29T00:59:59Z", "2026-03-29T01:00:00Z", "2026-10-25T00:59:59Z"],
  ["2026-10-25T01:00:00Z", "2026-11-01T05:59:59Z", "2026-11-01T06:00:00Z", "2026-12-31T23:30:00Z"],
);

const ZONES = ["", "UTC", "UTC0", ":America/New_York", "EST5EDT", "EST5", "<+03>-3", "<-0330>3:30", "GMT+5"].concat([
  "CET-1CEST,M3.5.0,M10.5.0/3",
  "AEST-10AEDT,M10.1.0,M4.1.0/3",
  "XXX3YYY,J60/0,J300",
  "XXX3YYY,59/1,299",
  "Asia/Kolkata",
]);

test.skipIf(process.platform !== "linux" || !byLibrary(MOMENTS[0]!, "EST5").endsWith("07:00:00"))(
  "local time is what the C library says it is, in zones and by rules",
  () => {
    for (const zone of ZONES) {
      for (const moment of MOMENTS) {
        const local = localTime(new Date(moment), zone);
        const text = local === undefined ? undefined : new Date(local).toISOString().slice(0, 19).replace("T", " ");
        expect({ zone, moment, text }).toEqual({ zone, moment, text: byLibrary(moment, zone) });
      }
    }
  },
);

test.each(["Mars/Olympus", "+03:00", "EST", "??"])("what names no zone is not passed off as one: %s", (zone) => {
  const known = localTime(new Date(MOMENTS[0]!), zone);
  // EST alone is a zone of its own where the tables have one.
  expect(known === undefined || zone === "EST").toBeTrue();
});
