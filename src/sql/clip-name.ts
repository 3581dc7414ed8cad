/** As many bytes of a name as PostgreSQL keeps (NAMEDATALEN - 1). */
export const NAME_BYTES = 63;

/** The beginning of a name that fits into so many bytes, of whole characters, as PostgreSQL cuts a longer one. Pure. */
export function clipName(name: string, bytes: number = NAME_BYTES): string {
  let end = 0;
  let used = 0;
  for (const character of name) {
    used += Buffer.byteLength(character);
    if (used > bytes) break;
    end += character.length;
  }
  return name.slice(0, end);
}
