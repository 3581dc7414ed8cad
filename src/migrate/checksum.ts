const LINE_FEED = 10;
const CARRIAGE_RETURN = 13;

/** sha256 in hex, with CRLF folded to LF so that a checkout on Windows is the same migration. */
export function checksumOf(bytes: Uint8Array): string {
  return bytes.includes(CARRIAGE_RETURN) ? checksumOfPieces([bytes]) : Bun.SHA256.hash(bytes, "hex");
}

/** `checksumOf` for what is not in memory at once. */
export function checksumOfPieces(pieces: Iterable<Uint8Array>): string {
  const digest = new Bun.CryptoHasher("sha256");
  // The line feed that would make it a line end may be the first of the next piece.
  let held = false;
  for (const piece of pieces) {
    if (held && piece[0] !== LINE_FEED) digest.update("\r");
    held = piece.at(-1) === CARRIAGE_RETURN;
    const end = held ? piece.length - 1 : piece.length;
    let from = 0;
    for (let at = piece.indexOf(CARRIAGE_RETURN); at >= 0 && at < end; at = piece.indexOf(CARRIAGE_RETURN, at + 1)) {
      if (piece[at + 1] !== LINE_FEED) continue;
      digest.update(piece.subarray(from, at));
      from = at + 1;
    }
    digest.update(piece.subarray(from, end));
  }
  return held ? digest.update("\r").digest("hex") : digest.digest("hex");
}
