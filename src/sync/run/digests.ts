import { randomBytes } from "node:crypto";
import type { Database, ResultListener } from "#database/database.ts";

/** Keyed digests of texts, as numbers of 64 bits. Both sides write them alike, the key is forgotten, and no value is sent. */
export interface Digest {
  /** SQL for the digest of a text. */
  readonly of: (text: string) => string;
}

/** SHA-256. */
function strongDigest(): Digest {
  const key = randomBytes(32).toString("hex");
  return {
    of: (text) =>
      `('x' operator(pg_catalog.||) pg_catalog.encode(pg_catalog.substring(pg_catalog.sha256('\\x${key}'::pg_catalog.bytea operator(pg_catalog.||) pg_catalog.convert_to(${text}, 'UTF8')), 1, 8), 'hex'))::pg_catalog.bit(64)::pg_catalog.int8`,
  };
}

/** PostgreSQL's own hash, with a random seed: a third of the work. What it finds has to be asked for once more. */
function quickDigest(): Digest {
  const seed = randomBytes(8).readBigInt64BE();
  return {
    // A collation of its own might make the hash go by another version's rules.
    of: (text) => `pg_catalog.hashtextextended((${text}) collate pg_catalog."C", '${seed}')`,
  };
}

const PROBE = `select pg_catalog.current_setting('server_encoding') operator(pg_catalog.||) pg_catalog.hashtextextended('Zoë' collate pg_catalog."C", 42)::pg_catalog.text as probe`;

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
   * Digests that the second side alone has.
   * @param most as many are told at most
   */
  async only(
    queries: (digest: Digest) => readonly [string, string],
    most: number,
  ): Promise<{
    /** As SQL. */
    readonly digests: readonly string[];
    readonly count: number;
    /** How many both sides have. */
    readonly common: number;
    readonly digest: Digest;
  }> {
    const digest = this.#isQuick ? quickDigest() : strongDigest();
    const { only, common, counts } = await merge(this.#sides, queries(digest), { shared: 0, only: most });
    return { digests: only.map((one) => sqlOf(one)), count: counts[1] - common, common, digest };
  }

  /**
   * @param queries for one column of digests, on each side; duplicates are counted once
   * @param most as many are told at most
   * @param asked the second side alone, first: the other one is asked nothing where that has none
   * @returns digests that both sides have, as SQL, and how they were made
   */
  async shared(
    queries: (digest: Digest) => readonly [string, string],
    most: number,
    asked: "both" | "second first" = "both",
  ): Promise<{
    readonly shared: readonly string[];
    /** How many both sides have. */
    readonly common: number;
    readonly digest: Digest;
    readonly counts: readonly [number, number];
  }> {
    if (this.#isQuick) {
      const digest = quickDigest();
      const found = await merge(this.#sides, queries(digest), { shared: 1, only: 0 }, asked);
      if (found.common === 0) return { ...found, shared: [], digest };
    }
    const digest = strongDigest();
    const { shared, common, counts } = await merge(this.#sides, queries(digest), { shared: most, only: 0 }, asked);
    return { shared: shared.map((one) => sqlOf(one)), common, digest, counts };
  }
}

/** A digest, as SQL. Pure. */
export function sqlOf(digest: bigint | string): string {
  return `'${digest}'::pg_catalog.int8`;
}

/** Which of these digests, as SQL, a query for one column of them gives. */
export async function givenBy(
  database: Database,
  query: string,
  digests: readonly string[],
): Promise<ReadonlySet<string>> {
  if (digests.length === 0) return new Set();
  const rows = await database.query<{ d: string }>(
    `select distinct q.d::pg_catalog.text as d from (${query}) q (d) where q.d in (${digests.join(", ")})`,
  );
  return new Set(rows.map(({ d }) => sqlOf(d)));
}

/**
 * Each side gives its own sorted, and neither gets far ahead, so that memory is the same for any number.
 * @param most as many digests are told at most of those that both sides have, and of those that the second alone has
 */
async function merge(
  sides: readonly [Database, Database],
  queries: readonly [string, string],
  most: { readonly shared: number; readonly only: number },
  asked: "both" | "second first" = "both",
): Promise<{
  readonly shared: readonly bigint[];
  readonly only: readonly bigint[];
  readonly common: number;
  readonly counts: readonly [number, number];
}> {
  const other = new Sorted(sides[1], queries[1]);
  let one: Sorted | undefined;
  const shared: bigint[] = [];
  const only: bigint[] = [];
  let common = 0;
  try {
    if (asked === "second first" && !(await other.more())) return { shared, only, common, counts: [0, 0] };
    one = new Sorted(sides[0], queries[0]);
    for (;;) {
      const hasOne = one.isReady() || (!one.isOver() && (await one.more()));
      const hasOther = other.isReady() || (!other.isOver() && (await other.more()));
      if (!hasOne && !hasOther) break;
      const order = !hasOne ? 1 : !hasOther ? -1 : compare(one, other);
      if (order === 0 && common++ < most.shared) shared.push(one.digest);
      if (order > 0 && only.length < most.only) only.push(other.digest);
      if (order <= 0) one.pass();
      if (order >= 0) other.pass();
    }
  } finally {
    await Promise.all([one?.close(), other.close()]);
  }
  return { shared, only, common, counts: [one.count, other.count] };
}

function compare(one: Sorted, other: Sorted): number {
  return one.high - other.high || (one.low >>> 0) - (other.low >>> 0);
}

/** Digests in a block. */
const BLOCK = 8192;
const NONE = new Int32Array(0);
/** Blocks that may wait before the server has to. */
const WAITING = 2;
/** A row of one bigint as COPY writes it in binary: how many fields, the field's length, the field (manual, COPY, "Binary Format"). */
const ROW = 14;

/** The digests of a query in order. No object is made for one: they come by the million. */
class Sorted implements ResultListener {
  readonly #database: Database;
  readonly #reading: Promise<void>;
  /** High and low halves in turn. */
  readonly #filled: Int32Array[] = [];
  readonly #free: Int32Array[] = [];
  #filling: Int32Array = new Int32Array(BLOCK * 2);
  #used = 0;
  #taking: Int32Array = NONE;
  #at = 0;
  #isOver = false;
  #failure: { readonly error: unknown } | undefined;
  #isClosed = false;
  #wake: (() => void) | undefined;
  #room: PromiseWithResolvers<void> | undefined;
  count = 0;

  constructor(database: Database, query: string) {
    this.#database = database;
    const sql = `copy (select distinct d from (${query}) q (d) order by d) to stdout (format binary)`;
    this.#reading = this.#read(sql);
  }

  get high(): number {
    return this.#taking[this.#at]!;
  }

  get low(): number {
    return this.#taking[this.#at + 1]!;
  }

  get digest(): bigint {
    return (BigInt(this.high) << 32n) | BigInt(this.low >>> 0);
  }

  isReady(): boolean {
    return this.#at < this.#taking.length;
  }

  /** There are no more, and none is waiting. */
  isOver(): boolean {
    return this.#isOver && this.#filled.length === 0 && this.#failure === undefined;
  }

  pass(): void {
    this.count++;
    this.#at += 2;
  }

  /** @returns whether there are more */
  async more(): Promise<boolean> {
    if (this.#taking.length === BLOCK * 2) this.#free.push(this.#taking);
    this.#taking = NONE;
    while (this.#filled.length === 0 && !this.#isOver) await new Promise<void>((resolve) => (this.#wake = resolve));
    if (this.#failure !== undefined) throw this.#failure.error;
    this.#taking = this.#filled.shift() ?? NONE;
    this.#at = 0;
    this.#room?.resolve();
    this.#room = undefined;
    return this.#taking.length > 0;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#room?.resolve();
    if (!this.#isOver) await this.#database.cancel();
    await this.#reading;
  }

  copied(chunk: Buffer, from: number, to: number): void {
    // Before the first row stands what the format begins with, and behind the last one, perhaps in its place, what it ends with.
    if (this.#isClosed || to - from < ROW || chunk.readInt16BE(to - ROW) !== 1 || chunk.readInt32BE(to - 12) !== 8)
      return;
    this.#filling[this.#used++] = chunk.readInt32BE(to - 8);
    this.#filling[this.#used++] = chunk.readInt32BE(to - 4);
    if (this.#used === BLOCK * 2) this.#push();
  }

  room(): Promise<void> | undefined {
    if (this.#isClosed || this.#filled.length < WAITING) return undefined;
    this.#room ??= Promise.withResolvers<void>();
    return this.#room.promise;
  }

  async #read(sql: string): Promise<void> {
    try {
      await this.#database.execute(sql, this);
    } catch (error) {
      this.#failure = { error };
    }
    this.#push();
    this.#isOver = true;
    this.#wake?.();
  }

  columns(): void {}
  row(): void {}
  completed(): void {}
  ready(): void {}

  #push(): void {
    if (this.#used === 0) return;
    this.#filled.push(this.#used === BLOCK * 2 ? this.#filling : this.#filling.subarray(0, this.#used));
    this.#filling = this.#free.pop() ?? new Int32Array(BLOCK * 2);
    this.#used = 0;
    this.#wake?.();
  }
}
