import { expect, test } from "bun:test";
import { newestAndEmbedded } from "../../support/engines.ts";
import { planOf, rowsOf, withTables } from "../../support/sync.ts";

const NOTES: readonly (readonly [note: string, scrubbed: string])[] = [
  ["from 2001:db8:85a3::8a2e:370:7334, twice", "from [ip], twice"],
  ["[2001:0DB8:0000:0000:0000:FF00:0042:8329]:443", "[[ip]]:443"],
  ["fe80::1%eth0 and ::1: both", "[ip] and [ip]: both"],
  ["::ffff:192.0.2.128, 192.0.2.128", "[ip], [ip]"],
  ["at 10:30:45 std::cout '5'::date aa:bb:cc:dd:ee:0f", "at 10:30:45 std::cout '5'::date aa:bb:cc:dd:ee:0f"],
  ["to de89370400440532013000 or gb29 nwbk 6016 1331 9268 19 with it", "to [iban] or [iban] with it"],
  ["DE89 3704 0044 0532 0130 00", "[iban]"],
  ["in room ab12 with some more here", "in room ab12 with some more here"],
  ["a%40b.org, c%2540d%2Eexample.org; e&#64;f.org g\\u0040h.org", "[email], [email]; [email] [email]"],
  ["/?to=me%2Btag%40b.org&x=1 &#x40;", "/?to=[email]&x=1 &#x40;"],
  ["<ü@b.org>, 100%40 of 2.5", "<[email]>, 100%40 of 2.5"],
  ["id=4111111111111111id 4111.1111.1111.1111", "id=[card]id [card]"],
];

test("scrub replaces addresses and numbers in the spellings that people use, and leaves what looks like none", async () => {
  await using empty = await newestAndEmbedded.find(({ kind }) => kind === "embedded")!.fresh();
  const values = NOTES.map(([note], id) => `(${id}, '${note.replaceAll("'", "''")}')`).join(", ");
  const rules = "tables:\n  notes: { keep: [id], note: { scrub: [email, iban, card, ip] } }\n";
  await withTables(
    empty,
    `create table notes (id int, note text); insert into notes values ${values}`,
    async (database) => {
      const rows = await rowsOf<{ note: string }>(database, await planOf(database, rules), "notes");
      expect(rows.map(({ note }) => note)).toEqual(NOTES.map(([, scrubbed]) => scrubbed));
    },
  );
});
