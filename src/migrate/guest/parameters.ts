import type { Portable } from "./messages.ts";

/**
 * A parameter as it can go to another thread. Only data can: an object with methods (a date of a library) goes as what
 * a driver would ask it for.
 * @throws TypeError for a function or a symbol
 */
export function toPortable(value: unknown): unknown {
  if (typeof value === "function" || typeof value === "symbol") {
    throw new TypeError(`A parameter is a ${typeof value}, which cannot be sent to a database`);
  }
  if (typeof value !== "object" || value === null || value instanceof Date || value instanceof Uint8Array) return value;
  if (Array.isArray(value)) return value.map(toPortable);
  const primitive = value.valueOf?.();
  return {
    confiturePortable: true,
    json: JSON.stringify(value),
    text: "toString" in value ? (value as { toString(): string }).toString() : "",
    primitive: typeof primitive === "object" ? undefined : primitive,
  } satisfies Portable;
}

/** What `toPortable` made, for the driver. */
export function fromPortable(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(fromPortable);
  if (typeof value !== "object" || value === null || !("confiturePortable" in value)) return value;
  const { json, text, primitive } = value as Portable;
  return {
    toJSON: (): unknown => (json === undefined ? undefined : JSON.parse(json)),
    toString: () => text,
    valueOf: () => primitive ?? text,
  };
}

/** Rows that came from another thread: bytes are a Buffer again, as the driver gives them. */
export function reviveRows(rows: readonly object[]): object[] {
  return rows.map((row) => {
    for (const [name, value] of Object.entries(row)) {
      if (value instanceof Uint8Array || Array.isArray(value)) (row as Record<string, unknown>)[name] = bytes(value);
    }
    return row;
  });
}

function bytes(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(bytes);
  if (!(value instanceof Uint8Array)) return value;
  return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
}
