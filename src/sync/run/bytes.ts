import type { Database } from "#database/database.ts";
import { quoteIdentifier, quoteLiteral, quoteQualified, reportedName } from "#sql/quote.ts";
import type { Searched } from "./places.ts";
import { matches } from "./unescaped.ts";

/** A column of `bytea`, or of a domain over it. */
interface BytesColumn {
  readonly schema: string;
  readonly table: string;
  readonly column: string;
}

/** Bytes of a value that is read: as text it takes several times as many, of which PostgreSQL has no more than 1 GB. */
const MOST_BYTES = 16 * 1024 ** 2;

/** What UTF-8 looks like, each byte read as a character of its own (RFC 3629). */
const UTF8 = [
  "[\\x01-\\x7f]",
  "[\\u00c2-\\u00df][\\u0080-\\u00bf]",
  "\\u00e0[\\u00a0-\\u00bf][\\u0080-\\u00bf]",
  "[\\u00e1-\\u00ec\\u00ee\\u00ef][\\u0080-\\u00bf]{2}",
  "\\u00ed[\\u0080-\\u009f][\\u0080-\\u00bf]",
  "\\u00f0[\\u0090-\\u00bf][\\u0080-\\u00bf]{2}",
  "[\\u00f1-\\u00f3][\\u0080-\\u00bf]{3}",
  "\\u00f4[\\u0080-\\u008f][\\u0080-\\u00bf]{2}",
].join("|");

/** What would be read as an escape: of bytes by chance, a text has many of these, and it takes long to resolve them. */
const NO_ESCAPES = quoteLiteral("\\&%<\u00ad");

/** Bytes as text, one a row: in UTF-8 where they are, and else each byte as a character, so that what is ASCII in them reads as it is. */
export function textOfBytes({ schema, table, column }: BytesColumn): Searched {
  return {
    name: reportedName(schema, table, column),
    from: `(select case when ${isUtf8("r.characters")} then pg_catalog.convert_from(r.bytes, 'UTF8') else pg_catalog.translate(r.characters, ${NO_ESCAPES}, ';;;;;') end
      from ${readable({ schema, table, column })} r offset 0) t (text)`,
    text: `(t.text collate pg_catalog."C")`,
  };
}

/** Whether a value is no text, or too large to be read: what such a file holds may be compressed, or in another encoding. */
export async function hasBinary(target: Database, { schema, table, column }: BytesColumn): Promise<boolean> {
  const value = `t.${quoteIdentifier(column)}::pg_catalog.bytea`;
  const [row] = await target.query<{ found: boolean }>(
    `select exists (select from only ${quoteQualified(schema, table)} t where pg_catalog.octet_length(${value}) operator(pg_catalog.>) ${MOST_BYTES}
         or pg_catalog.position(${value}, '\\x00'::pg_catalog.bytea) operator(pg_catalog.>) 0)
       or exists (select from ${readable({ schema, table, column })} r where not ${isUtf8("r.characters")}) as found`,
  );
  return row!.found;
}

function isUtf8(characters: string): string {
  return matches(characters, `^(?:${UTF8})*$`);
}

/** SQL for what comes after FROM: values with a blank for each zero, which no text has, as they are and each byte as a character. */
function readable({ schema, table, column }: BytesColumn): string {
  const value = `t.${quoteIdentifier(column)}::pg_catalog.bytea`;
  const replaced = (text: string, from: string, to: string): string =>
    `pg_catalog.replace(${text}, ${quoteLiteral(from)}, ${quoteLiteral(to)})`;
  // A backslash that is doubled might be read together with the digits behind it.
  const escaped = replaced(`pg_catalog.encode(${value}, 'escape')`, "\\\\", "\\134");
  const bytes = `pg_catalog.decode(${replaced(escaped, "\\000", " ")}, 'escape')`;
  return `(select b.bytes, pg_catalog.convert_from(b.bytes, 'LATIN1') collate pg_catalog."C" as characters
      from (select ${bytes} as bytes from only ${quoteQualified(schema, table)} t
        where pg_catalog.octet_length(${value}) operator(pg_catalog.<=) ${MOST_BYTES} offset 0) b offset 0)`;
}
