/** Whether releases can be made here: they are compressed with xz(1). */
export const HAS_XZ = Bun.which("xz") !== null;
if (!HAS_XZ) console.warn("xz is not installed: making releases is left out (Debian: xz-utils)");
