/** The parser itself, which the package keeps for the life of a process as soon as its index is imported. */
declare module "libpg-query/wasm/libpg-query.js" {
  /** What emscripten makes of libpg_query's C functions. */
  export interface ParserModule {
    readonly _malloc: (size: number) => number;
    readonly _free: (pointer: number) => void;
    readonly _wasm_parse_query_raw: (query: number) => number;
    readonly _wasm_free_parse_result: (result: number) => void;
    readonly lengthBytesUTF8: (text: string) => number;
    readonly stringToUTF8: (text: string, pointer: number, size: number) => void;
    readonly UTF8ToString: (pointer: number) => string;
    readonly getValue: (pointer: number, type: "i32") => number;
  }
  const instantiate: () => Promise<ParserModule>;
  export default instantiate;
}
