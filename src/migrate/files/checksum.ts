const LINE_FEED = 10;
const CARRIAGE_RETURN = 13;
const RETURN = Uint8Array.of(CARRIAGE_RETURN);

/** sha256 in hex, with CRLF folded to LF so that a checkout on Windows is the same migration. */
export function checksumOf(bytes: Uint8Array): string {
  return bytes.includes(CARRIAGE_RETURN) ? checksumOfPieces([bytes]) : Bun.SHA256.hash(bytes, "hex");
}

/** `checksumOf` for what is not in memory at once. */
export function checksumOfPieces(pieces: Iterable<Uint8Array>): string {
  const digest = new Bun.CryptoHasher("sha256");
  for (const piece of withLineFeeds(pieces)) digest.update(piece);
  return digest.digest("hex");
}

/** The same bytes with CRLF folded to LF. */
export function* withLineFeeds(pieces: Iterable<Uint8Array>): Generator<Uint8Array> {
  // The line feed that would make it a line end may be the first of the next piece.
  let held = false;
  for (const piece of pieces) {
    if (held && piece[0] !== LINE_FEED) yield RETURN;
    held = piece.at(-1) === CARRIAGE_RETURN;
    const end = held ? piece.length - 1 : piece.length;
    let from = 0;
    for (let at = piece.indexOf(CARRIAGE_RETURN); at >= 0 && at < end; at = piece.indexOf(CARRIAGE_RETURN, at + 1)) {
      if (piece[at + 1] !== LINE_FEED) continue;
      yield piece.subarray(from, at);
      from = at + 1;
    }
    yield piece.subarray(from, end);
  }
  if (held) yield RETURN;
}

/** The same bytes with every LF, of CRLF as well, written as CRLF. */
export function* withReturns(pieces: Iterable<Uint8Array>): Generator<Uint8Array> {
  for (const piece of withLineFeeds(pieces)) {
    // Every byte is one character.
    yield Buffer.from(Buffer.from(piece).toString("latin1").replaceAll("\n", "\r\n"), "latin1");
  }
}
