/** What PostgreSQL's code calls an error (elog.h), and feature_not_supported as it packs that (MAKE_SQLSTATE). */
const ERROR = 21;
const FEATURE_NOT_SUPPORTED = [..."0A000"].reduce(
  (packed, letter, at) => packed + ((letter.charCodeAt(0) - "0".charCodeAt(0)) << (6 * at)),
  0,
);

/**
 * What the libraries of PostgreSQL's conversions between encodings call, and the engine lacks (mb/pg_wchar.h): functions that convert a
 * text, given its address, its length and where to; the same in another order; and those that are asked about letters outside of ASCII.
 */
const FROM_LENGTH_TO = ["LocalToUtf", "UtfToLocal"] as const;
const FROM_TO_LENGTH = [
  "latin2mic",
  "latin2mic_with_table",
  "local2local",
  "mic2latin",
  "mic2latin_with_table",
] as const;
const JUDGING = [
  "pg_encoding_verifymbchar",
  "pg_utf8_islegal",
  "report_invalid_encoding",
  "report_untranslatable_char",
] as const;
const NO_CONVERSION = "the embedded PostgreSQL cannot convert text to or from this encoding";

export const NO_PROGRAMS = "the embedded PostgreSQL runs no programs";

type Function = (...parameters: number[]) => number;

/** The exports of PostgreSQL's module that report an error. */
interface Reporting {
  readonly memory: WebAssembly.Memory;
  readonly exports: WebAssembly.Instance["exports"];
}

/**
 * Ends the statement under way with an error of PostgreSQL's own, which code may catch. For functions that PostgreSQL has called: an
 * exception of JavaScript would go past everything that it has to clean up, and break the engine down.
 * @param message in ASCII, without a percent sign
 */
export function raise({ memory, exports }: Reporting, message: string): never {
  const call = (name: string, ...parameters: number[]): number => (exports[name] as Function)(...parameters);
  const bytes = Buffer.from(`${message}\0`);
  const text = call("_emscripten_stack_alloc", bytes.length);
  Buffer.from(memory.buffer).set(bytes, text);
  call("errstart", ERROR, 0);
  call("errcode", FEATURE_NOT_SUPPORTED);
  call("errmsg_internal", text, 0);
  call("errfinish", 0, 0, 0);
  throw new Error("errfinish does not return");
}

/**
 * Has a conversion of a text that the engine cannot do end in an error. What is ASCII is the same in all encodings: a session that
 * speaks another one could not even be told of the error otherwise. To be called before a library is loaded.
 */
export function refuseConversions(reporting: Reporting, functions: Record<string, unknown>): void {
  const copy = (from: number, length: number, to: number): number => {
    const memory = new Uint8Array(reporting.memory.buffer);
    if (memory.subarray(from, from + length).some((byte) => byte > LAST_OF_ASCII)) raise(reporting, NO_CONVERSION);
    memory.copyWithin(to, from, from + length);
    memory[to + length] = 0;
    return length;
  };
  for (const name of FROM_LENGTH_TO) functions[name] ??= copy;
  for (const name of FROM_TO_LENGTH) {
    functions[name] ??= (from: number, to: number, length: number) => copy(from, length, to);
  }
  for (const name of JUDGING) functions[name] ??= () => raise(reporting, NO_CONVERSION);
}

const LAST_OF_ASCII = 0x7f;
