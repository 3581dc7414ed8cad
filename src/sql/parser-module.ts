/** PostgreSQL's grammar does not take a text. */
export class NotParsed extends Error {
  /** In code points from the beginning. */
  readonly position: number;

  constructor(message: string, position: number) {
    super(message);
    this.position = position;
  }
}

/** Parses a text: the tree, a `ParseResult`, as JSON. @throws NotParsed */
export type Parse = (text: string) => string;

/** Where libpg_query's results have their parts (pg_query.h, PgQueryParseResult and PgQueryError), in bytes. */
const TREE = 0;
const ERROR = 8;
const MESSAGE = 0;
const CURSOR = 16;

/** An instance of PostgreSQL's parser of one's own: some 15 MB, which are given back when nobody holds it any more. */
export async function instantiateParser(): Promise<Parse> {
  const { default: instantiate } = await import("libpg-query/wasm/libpg-query.js");
  const wasm = await instantiate();
  const { _malloc: allocate, _free: free, _wasm_parse_query_raw: parse, _wasm_free_parse_result: forget } = wasm;
  return (text) => {
    if (text === "") throw new NotParsed("there is no statement", 0);
    const size = wasm.lengthBytesUTF8(text) + 1;
    const query = allocate(size);
    let result = 0;
    try {
      if (query === 0) throw new Error("the parser has no memory for a text of this length");
      wasm.stringToUTF8(text, query, size);
      result = parse(query);
      if (result === 0) throw new Error("the parser ran out of memory");
      const error = wasm.getValue(result + ERROR, "i32");
      if (error !== 0) {
        const message = wasm.getValue(error + MESSAGE, "i32");
        const cursor = wasm.getValue(error + CURSOR, "i32");
        throw new NotParsed(message === 0 ? "syntax error" : wasm.UTF8ToString(message), Math.max(0, cursor - 1));
      }
      return wasm.UTF8ToString(wasm.getValue(result + TREE, "i32"));
    } finally {
      free(query);
      if (result !== 0) forget(result);
    }
  };
}
