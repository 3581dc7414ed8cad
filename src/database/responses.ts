const COMMAND_COMPLETE = 0x43;
const ERROR_RESPONSE = 0x45;
const READY_FOR_QUERY = 0x5a;
const HEADER = 5;

/**
 * Watches the server's side of a session for two things that the driver does not pass on: how many
 * statements of a query had completed when one failed, and the FATAL report before the server hangs up.
 * Each message is a type byte, a 32-bit length that counts itself, and a body (protocol manual,
 * "Message Formats").
 */
export class ResponseWatcher {
  /** Completed statements before the failing one, a number for each failed query, oldest first. */
  readonly #failedAfter: number[] = [];
  #completed = 0;
  #failed = false;
  #farewell: { sqlstate: string; message: string } | undefined;

  /** Bytes of the current message's body still to come. */
  #skip = 0;
  /** A message that has to be read whole, or a header cut by the end of a chunk. */
  #partial: Buffer | undefined;

  feed(chunk: Buffer): void {
    let bytes = chunk;
    if (this.#partial !== undefined) {
      bytes = Buffer.concat([this.#partial, chunk]);
      this.#partial = undefined;
    }
    let at = 0;
    while (at < bytes.length) {
      if (this.#skip > 0) {
        const step = Math.min(this.#skip, bytes.length - at);
        this.#skip -= step;
        at += step;
        continue;
      }
      const end = at + HEADER > bytes.length ? undefined : at + 1 + bytes.readUInt32BE(at + 1);
      const type = bytes[at];
      if (end === undefined || (type === ERROR_RESPONSE && end > bytes.length)) {
        this.#partial = bytes.subarray(at);
        return;
      }
      this.#message(type!, bytes, at + HEADER, end);
      this.#skip = end - at - HEADER;
      at += HEADER;
    }
  }

  #message(type: number, bytes: Buffer, start: number, end: number): void {
    if (type === COMMAND_COMPLETE) {
      this.#completed++;
    } else if (type === ERROR_RESPONSE) {
      this.#failed = true;
      this.#read(bytes.toString("utf8", start, end));
    } else if (type === READY_FOR_QUERY) {
      if (this.#failed) this.#failedAfter.push(this.#completed);
      this.#completed = 0;
      this.#failed = false;
    }
  }

  #read(body: string): void {
    const fields = new Map(body.split("\0").map((field) => [field.slice(0, 1), field.slice(1)]));
    // Poolers may send only the translated one.
    const severity = fields.get("V") ?? fields.get("S");
    if (severity !== "FATAL" && severity !== "PANIC") return;
    this.#farewell = { sqlstate: fields.get("C") ?? "XX000", message: fields.get("M") ?? "" };
  }

  /** To be called once for each failed query, in order. */
  takeFailedAfter(): number | undefined {
    return this.#failedAfter.shift();
  }

  get farewell(): { sqlstate: string; message: string } | undefined {
    return this.#farewell;
  }
}
