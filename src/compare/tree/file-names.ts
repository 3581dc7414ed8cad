/** Names that Windows takes for devices, whatever follows the first dot. */
const DEVICES = /^(con|prn|aux|nul|com[0-9]|lpt[0-9])(\.|$)/i;

/**
 * A name in a database as a file's name that every system can hold: letters, digits and `_-.`, in one form of
 * Unicode, beginning with a letter or `_`. Identifiers have at most 63 bytes, so that length is no concern. Pure.
 */
function safeFileName(name: string): string {
  const letters = name
    .normalize("NFD")
    .replaceAll(/\p{M}+/gu, "")
    .normalize("NFC");
  const safe = letters.replaceAll(/[^\p{L}\p{N}_.-]+/gu, "_").replaceAll(/\.{2,}/g, "_");
  return /^[\p{L}_]/u.test(safe) && !DEVICES.test(safe) ? safe : `_${safe}`;
}

/**
 * Distinct names for `names`, in their order, also where a file system does not tell upper from lower case. Pure.
 * @returns the safe name, or for a later one that would be the same, it with -2, -3 ... behind it
 */
export function distinctFileNames(names: readonly string[]): string[] {
  const taken = new Set<string>();
  return names.map((name) => {
    const safe = safeFileName(name);
    let distinct = safe;
    for (let number = 2; taken.has(fold(distinct)); number++) distinct = `${safe}-${number}`;
    taken.add(fold(distinct));
    return distinct;
  });
}

/** Upper and lower case are one, as far as any file system takes them for one. */
function fold(name: string): string {
  return name.toUpperCase().toLowerCase();
}
