import { randomBytes } from "node:crypto";
import type { Database } from "#database/database.ts";

/** How many digests are fetched at a time. */
const AT_ONCE = 10_000;

/** Keyed digests of texts. Both sides write them alike, the key is forgotten, and no value is sent. */
export interface Digest {
  /** SQL for the digest of a text. */
  readonly of: (text: string) => string;
  /** A digest as it comes; numbers, so that they are in the order that PostgreSQL gives. */
  readonly read: (text: string) => bigint;
  /** SQL for one that was read. */
  readonly literal: (digest: bigint) => string;
}

/** SHA-256, 128 bits of it: two texts have the same never. */
function exactDigest(): Digest {
  const key = randomBytes(32).toString("hex");
  const hexOf = (digest: bigint): string => digest.toString(16).padStart(32, "0");
  return {
    of: (text) =>
      `pg_catalog.encode(pg_catalog.substring(pg_catalog.sha256('\\x${key}'::pg_catalog.bytea operator(pg_catalog.||) pg_catalog.convert_to(${text}, 'UTF8')), 1, 16), 'hex') collate pg_catalog."C"`,
    read: (text) => BigInt(`0x${text}`),
    literal: (digest) => `'${hexOf(digest)}'`,
  };
}

/** PostgreSQL's own hash, 64 bits, with a random seed: a third of the work. What it finds has to be asked for once more. */
function quickDigest(): Digest {
  const seed = randomBytes(8).readBigInt64BE();
  return {
    // A collation of its own might make the hash go by another version's rules.
    of: (text) => `pg_catalog.hashtextextended((${text}) collate pg_catalog."C", '${seed}')`,
    read: (text) => BigInt(text),
    literal: (digest) => `'${digest}'::pg_catalog.int8`,
  };
}

const PROBE = `select pg_catalog.current_setting('server_encoding') || pg_catalog.hashtextextended('Zoë' collate pg_catalog."C", 42) as probe`;

/** Looks for digests that two databases have in common. */
export class Comparison {
  readonly #sides: readonly [Database, Database];
  readonly #isQuick: boolean;

  private constructor(sides: readonly [Database, Database], isQuick: boolean) {
    this.#sides = sides;
    this.#isQuick = isQuick;
  }

  /** @param sides sessions in no transaction */
  static async between(sides: readonly [Database, Database]): Promise<Comparison> {
    // A version or machine might have another hash, and would then find nothing.
    const probes = await Promise.all(sides.map((side) => side.query<{ probe: string }>(PROBE)));
    const [one, other] = probes.map(([row]) => row?.probe);
    return new Comparison(sides, one === other && one?.startsWith("UTF8") === true);
  }

  /**
   * @param queries for one column of digests, on each side; duplicates are counted once
   * @param most as many are told at most
   */
  async shared(
    queries: (digest: Digest) => readonly [string, string],
    most: number,
  ): Promise<{
    readonly shared: readonly string[];
    readonly digest: Digest;
    readonly counts: readonly [number, number];
  }> {
    if (this.#isQuick) {
      const digest = quickDigest();
      const found = await merge(this.#sides, queries(digest), digest, 1);
      if (found.shared.length === 0) return { ...found, shared: [], digest };
    }
    const digest = exactDigest();
    const found = await merge(this.#sides, queries(digest), digest, most);
    return { ...found, shared: found.shared.map(digest.literal), digest };
  }
}

/** Each side gives its own sorted, piece by piece, so that memory is the same for any number. */
async function merge(
  sides: readonly [Database, Database],
  queries: readonly [string, string],
  digest: Digest,
  most: number,
): Promise<{ readonly shared: readonly bigint[]; readonly counts: readonly [number, number] }> {
  const [one, other] = [new Cursor(sides[0], queries[0], digest), new Cursor(sides[1], queries[1], digest)];
  const shared: bigint[] = [];
  try {
    // Both sort at the same time.
    await Promise.all([one.fill(), other.fill()]);
    for (;;) {
      const a = one.peek() ?? ((await one.fill()) ? one.peek() : undefined);
      const b = other.peek() ?? ((await other.fill()) ? other.peek() : undefined);
      if (a === undefined && b === undefined) break;
      if (a !== undefined && a === b && shared.length < most) shared.push(a);
      if (b === undefined || (a !== undefined && a <= b)) one.pass();
      if (a === undefined || (b !== undefined && b <= a)) other.pass();
    }
  } finally {
    await Promise.all([one.close(), other.close()]);
  }
  return { shared, counts: [one.count, other.count] };
}

/** Reads a query piece by piece. */
class Cursor {
  readonly #database: Database;
  readonly #query: string;
  readonly #digest: Digest;
  #digests: bigint[] = [];
  #at = 0;
  #state: "new" | "open" | "ended" = "new";
  count = 0;

  constructor(database: Database, query: string, digest: Digest) {
    this.#database = database;
    this.#query = query;
    this.#digest = digest;
  }

  peek(): bigint | undefined {
    return this.#digests[this.#at];
  }

  pass(): void {
    this.count++;
    this.#at++;
  }

  /** @returns whether there are more */
  async fill(): Promise<boolean> {
    if (this.#state === "ended") return false;
    if (this.#state === "new") {
      this.#state = "open";
      await this.#database.execute(
        `begin read only; set local row_security = off; declare confiture_digests no scroll cursor for select distinct d from (${this.#query}) q (d) order by d`,
      );
    }
    const digests: bigint[] = [];
    await this.#database.execute(`fetch ${AT_ONCE} from confiture_digests`, {
      columns() {},
      copied() {},
      completed() {},
      ready() {},
      row: ([digest]) => void (digest === null || digest === undefined || digests.push(this.#digest.read(digest))),
    });
    this.#digests = digests;
    this.#at = 0;
    if (digests.length === 0) this.#state = "ended";
    return digests.length > 0;
  }

  async close(): Promise<void> {
    if (this.#state !== "new") await this.#database.execute("rollback");
  }
}
