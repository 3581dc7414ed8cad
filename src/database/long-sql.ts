/**
 * SQL that is too long to be held several times over: its UTF-8, read while it is sent. The driver takes a text only, and copies
 * it once for each of its layers.
 */
export interface LongSql {
  /** In bytes. */
  readonly length: number;
  /** The bytes in order. Each piece is used up before the next is asked for. */
  pieces(): Iterable<Uint8Array>;
}

/** UTF-16 units from which on a text is sent as `LongSql`. */
const LONG = 2 << 20;

/** UTF-16 units that are encoded at a time. */
const PIECE = 1 << 18;

const PADDING = new Uint8Array(1 << 16);

/** What is to be sent piece by piece; undefined for a text that the driver may have. */
export function longSql(sql: string | LongSql): LongSql | undefined {
  if (typeof sql !== "string") return sql;
  if (sql.length < LONG) return undefined;
  return {
    length: Buffer.byteLength(sql),
    *pieces() {
      for (const slice of slices(sql, 0, sql.length)) yield Buffer.from(slice);
    },
  };
}

/** Pieces of a text, small enough to stay within a write buffer. */
export function* slices(text: string, start: number, end: number): Generator<string> {
  for (let at = start; at < end;) {
    let stop = Math.min(end, at + PIECE);
    // Never between the halves of a surrogate pair: each piece is encoded on its own.
    if (stop < end && (text.charCodeAt(stop - 1) & 0xfc00) === 0xd800) stop--;
    yield text.slice(at, stop);
    at = stop;
  }
}

/** The beginning of a simple query's message, whose text is so many bytes long. */
function headOf(length: number): Buffer {
  const head = Buffer.from("Q\0\0\0\0");
  head.writeUInt32BE(4 + length + 1, 1);
  return head;
}

/** A simple query on its way: the driver, or the embedded engine's socket, has a short one that stands for it. */
export class LongQuery {
  readonly #sql: LongSql;
  /** The text of the query that stands for it: unlike any other, and an error where it is run itself. */
  readonly token = `"${crypto.randomUUID()}"`;
  /** Why its SQL could not be read. The server has refused the query then. */
  failure: { readonly error: unknown } | undefined;

  constructor(sql: LongSql) {
    this.#sql = sql;
  }

  /** The message that stands for it. */
  get stand(): Buffer {
    return Buffer.concat([headOf(this.token.length), Buffer.from(`${this.token}\0`)]);
  }

  /** Its message (protocol manual, "Query"). What cannot be read is filled up with NUL, which no query may hold. */
  *messages(): Generator<Uint8Array> {
    let left = this.#sql.length;
    yield headOf(left);
    try {
      for (const piece of this.#sql.pieces()) {
        left -= piece.length;
        yield piece;
      }
    } catch (error) {
      this.failure = { error };
    }
    for (; left > 0; left -= PADDING.length) yield PADDING.subarray(0, left);
    yield PADDING.subarray(0, 1);
  }
}
