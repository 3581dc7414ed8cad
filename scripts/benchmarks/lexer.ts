/** Measures splitStatements on 8 MB texts: `bun scripts/benchmarks/lexer.ts`. The median of 7 runs each. */
import { splitStatements } from "#sql/split.ts";

const SIZE = 8 * 1024 * 1024;
const RUNS = 7;

const DDL = `
-- Customers and what they ordered.
CREATE TABLE shop.customers_NNN (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    email text NOT NULL CHECK (email ~* '^[^@]+@[^@]+$'),
    balance numeric(12, 2) DEFAULT 0.00 NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL
);
CREATE UNIQUE INDEX customers_NNN_email_idx ON shop.customers_NNN USING btree (lower(email)) WHERE (balance >= 0);
ALTER TABLE ONLY shop.customers_NNN ADD CONSTRAINT customers_NNN_fk FOREIGN KEY (id) REFERENCES shop.people(id);
COMMENT ON TABLE shop.customers_NNN IS 'It''s a customer';
CREATE FUNCTION shop.touch_NNN() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.at := now(); RETURN NEW; END $$;
`;

const PROSE = "The quick brown fox jumps over the lazy dog; it doesn't care about (parentheses) or $money$. ";

function fill(piece: (index: number) => string): string {
  const pieces: string[] = [];
  for (let size = 0, index = 0; size < SIZE; index++) {
    const text = piece(index);
    pieces.push(text);
    size += text.length;
  }
  // As a file is read: one flat string.
  return new TextDecoder().decode(new TextEncoder().encode(pieces.join("").slice(0, SIZE)));
}

const TEXTS: Record<string, string> = {
  "mostly DDL": fill((index) => DDL.replaceAll("NNN", String(index))),
  "DDL, not Latin-1": fill((index) => (index === 0 ? "-- \u{1f353}\n" : DDL.replaceAll("NNN", String(index)))),
  "long strings and comments": fill((index) => {
    const prose = PROSE.repeat(200);
    const quoted = prose.replaceAll("'", "''");
    return `/* ${prose} */\n-- ${prose}\nSELECT '${quoted}', E'${quoted}', $body$${prose}$body$ FROM t${index};\n`;
  }),
  "short INSERTs": fill((index) => `INSERT INTO t (a, b, c) VALUES (${index}, 'name ${index}', NULL);\n`),
  "COPY data": fill((index) => (index === 0 ? "COPY t FROM stdin;\n" : `${index}\tname's ${index}\t\\N\n`)),
};

for (const [name, text] of Object.entries(TEXTS)) {
  const times: number[] = [];
  let count = 0;
  for (let run = 0; run < RUNS; run++) {
    const began = performance.now();
    count = splitStatements(text).statements.length;
    times.push(performance.now() - began);
  }
  times.sort((a, b) => a - b);
  const median = times[Math.floor(RUNS / 2)]!;
  const slowest = times[RUNS - 1]!;
  console.log(
    `${name}: ${(SIZE / 1024 / 1024).toFixed(0)} MB, ${count} statements, ` +
      `median ${median.toFixed(1)} ms, slowest ${slowest.toFixed(1)} ms`,
  );
}
