import type { Writable } from "node:stream";
import type { ByteStream } from "./byte-stream.ts";
import type { Database } from "./database.ts";

/** A COPY ... FROM STDIN of the driver's, sent or not. */
interface CopyQuery {
  writable(): Promise<Writable>;
}

/** Sends the rows of a COPY. */
export async function copyIn(
  query: CopyQuery,
  data: Parameters<Database["copyIn"]>[1],
  connection: ByteStream,
  failure: (error: unknown) => unknown,
): Promise<void> {
  // The driver hands over the stream as soon as the server is ready and then has no way to report that
  // the COPY failed (it rejects a promise that is already settled), so listen at the rejection itself.
  const copy = query as unknown as { reject: (error: unknown) => void };
  const settle = copy.reject;
  let failed: { readonly error: unknown } | undefined;
  let giveUp: ((error: unknown) => void) | undefined;
  copy.reject = (error) => {
    settle(error);
    failed = { error: failure(error) };
    giveUp?.(failed.error);
  };
  /** Waits for `work`, or until the COPY has failed. A race would remember each of the chunks that went well. */
  const unlessFailed = <T>(work: (resolve: (value: T) => void, reject: (error: unknown) => void) => void): Promise<T> =>
    new Promise((resolve, reject) => {
      if (failed !== undefined) return reject(failed.error);
      giveUp = reject;
      work(resolve, reject);
    });
  const stream = await unlessFailed<Writable>((resolve, reject) => void query.writable().then(resolve, reject));
  stream.on("error", () => {});
  const frame = new CopyFrame();
  for await (const chunk of untilFailure(data, (error) => stream.destroy(error))) {
    // Not through the driver's stream, which makes a new buffer for each piece.
    await unlessFailed<void>((resolve, reject) =>
      connection.write(frame.around(chunk), (error) => (error ? reject(failure(error)) : resolve())),
    );
  }
  await unlessFailed<void>((resolve) => stream.end(resolve));
}

/** CopyData messages, one after the other in the same memory: a type byte, a length that counts itself, the data. */
class CopyFrame {
  #bytes = Buffer.allocUnsafeSlow(0);

  /** @returns a message that is valid until the next one is asked for */
  around(data: Uint8Array | string): Uint8Array {
    const size = 5 + (typeof data === "string" ? Buffer.byteLength(data) : data.length);
    if (size > this.#bytes.length) this.#bytes = Buffer.allocUnsafeSlow(size);
    this.#bytes[0] = 0x64;
    this.#bytes.writeUInt32BE(size - 1, 1);
    if (typeof data === "string") this.#bytes.write(data, 5);
    else this.#bytes.set(data, 5);
    return this.#bytes.subarray(0, size);
  }
}

/** @param onFailure where the data ends in an error: the server is still waiting for more, and has to be told */
async function* untilFailure<T>(
  data: Iterable<T> | AsyncIterable<T>,
  onFailure: (error: Error) => void,
): AsyncGenerator<T> {
  try {
    yield* data;
  } catch (error) {
    onFailure(error as Error);
    throw error;
  }
}
