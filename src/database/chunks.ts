/** The client's farewell (protocol manual, "Termination"). */
export const TERMINATE: Buffer = Buffer.from([0x58, 0, 0, 0, 4]);

/**
 * Gives the memory of a chunk that nobody holds back at once: rows of a COPY bring half a megabyte each, faster than the collector
 * looks.
 */
export function giveBack({ buffer, byteLength }: Buffer): void {
  if (buffer instanceof ArrayBuffer && buffer.byteLength === byteLength) buffer.transfer(0);
}
