import type { ByteStream } from "./byte-stream.ts";

/** What a backend is known by to those that may cancel its work. */
interface BackendKey {
  readonly pid: number;
  readonly secret: number;
}

/**
 * Asks the server to cancel what a backend does, over a connection of its own.
 * @param patience milliseconds that this may take
 */
export async function sendCancelRequest(
  connect: (signal: AbortSignal) => Promise<ByteStream>,
  { pid, secret }: BackendKey,
  patience: number,
): Promise<void> {
  const limit = AbortSignal.timeout(patience);
  const stream = await connect(limit);
  limit.addEventListener("abort", () => stream.destroy());
  stream.on("error", () => {});
  // CancelRequest: length 16, code 80877102 (protocol manual, "Message Formats").
  const request = Buffer.from([0, 0, 0, 16, 0x04, 0xd2, 0x16, 0x2e, 0, 0, 0, 0, 0, 0, 0, 0]);
  // The driver reads both as unsigned.
  request.writeUInt32BE(pid, 8);
  request.writeUInt32BE(secret, 12);
  stream.resume();
  stream.end(request);
  // The server hangs up when it has passed the request on. Sooner, another one could hit the next statement.
  await new Promise<void>((resolve) => stream.once("close", () => resolve()));
}
