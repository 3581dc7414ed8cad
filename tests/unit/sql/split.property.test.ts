import { beforeAll, describe, expect, test } from "bun:test";
import { loadModule, parseSync, scanSync } from "libpg-query";
import { cannotRunInTransaction, unwrapTransaction } from "#sql/classify.ts";
import { Lexer } from "#sql/lexer/lexer.ts";
import { TokenKind } from "#sql/lexer/token-kind.ts";
import { type SplitResult, splitStatements } from "#sql/split.ts";
import { CORPUS } from "./corpus.ts";
import { mutatedSql, noise, Random, SEED } from "./random.ts";

const RUNS = Number(process.env["CONFITURE_RUNS"] ?? 3000);

console.log(`Random SQL: CONFITURE_SEED=${SEED} CONFITURE_RUNS=${RUNS}`);

beforeAll(loadModule);

/** The corpus, then texts ever further from it. */
function* texts(): Generator<string> {
  yield* CORPUS;
  const random = new Random(SEED);
  for (let run = 0; run < RUNS; run++) {
    yield run % 10 === 0 ? noise(random) : mutatedSql(random, random.below(run % 3 === 0 ? 12 : 3));
  }
}

/** Runs `check` on every text; a failure names the text. */
function forAll(check: (text: string) => void): void {
  for (const text of texts()) {
    try {
      check(text);
    } catch (error) {
      throw new Error(`CONFITURE_SEED=${SEED}, text ${JSON.stringify(text)}: ${(error as Error).message}`, {
        cause: error,
      });
    }
  }
}

/** The spans that are no white space, comments or lone semicolons, in order. */
function spans({ statements, psqlCommands }: SplitResult): { start: number; end: number }[] {
  const data = statements.flatMap(({ copyData }) => copyData ?? []);
  // The line that ends the data is in no span.
  const blocks = data.map(({ start, end, terminated }) => ({ start, end: terminated ? end + "\\.".length : end }));
  const all = [...statements, ...blocks];
  // A command inside a statement belongs to the statement.
  const outside = psqlCommands.filter(({ start }) => !all.some((span) => start >= span.start && start < span.end));
  return [...all, ...outside].toSorted((a, b) => a.start - b.start || a.end - b.end);
}

describe("splitting any text", () => {
  test("loses nothing: what lies between is white space, comments and semicolons", () => {
    forAll((text) => {
      const split = splitStatements(text);
      let at = 0;
      for (const span of [...spans(split), { start: text.length, end: text.length }]) {
        expect(span.start).toBeGreaterThanOrEqual(at);
        expect(span.end).toBeGreaterThanOrEqual(span.start);
        expectEmpty(text, at, span.start, split);
        at = span.end;
      }
      expect(at).toBe(text.length);
    });
  });

  test("finds statements that are one statement by themselves", () => {
    forAll((text) => {
      const split = splitStatements(text);
      if (split.unterminated !== undefined || split.psqlCommands.length > 0) return;
      for (const statement of split.statements) {
        // Only at the beginning of a text it is skipped.
        if (statement.text.startsWith("\ufeff")) continue;
        const alone = splitStatements(statement.text);
        expect(alone.statements.map(({ start, end }) => [start, end])).toEqual([[0, statement.text.length]]);
        expect(alone.statements[0]!.words).toEqual(statement.words);
      }
    });
  });

  test("gives the same result for a part of a text as for the text of that part", () => {
    forAll((text) => {
      const before = "SELECT 'x'; ";
      const whole = before + text + "; SELECT $$;$$";
      const part = splitStatements(whole, before.length, before.length + text.length);
      const alone = splitStatements(text);
      // Only at its very beginning a text may have a byte order mark.
      if (text.startsWith("\ufeff")) return;
      const shifted = alone.statements.map(({ start, end }) => [start + before.length, end + before.length]);
      expect(part.statements.map(({ start, end }) => [start, end])).toEqual(shifted);
      expect(part.psqlCommands.map(({ name }) => name)).toEqual(alone.psqlCommands.map(({ name }) => name));
      expect(part.unterminated?.what).toBe(alone.unterminated?.what);
    });
  });

  test("is classified without an error", () => {
    forAll((text) => {
      const { statements } = splitStatements(text);
      unwrapTransaction(statements);
      for (const statement of statements) cannotRunInTransaction(statement);
    });
  });
});

describe("PostgreSQL's own parser", () => {
  test("counts the same statements, in the same places, wherever it accepts the text", () => {
    let accepted = 0;
    forAll((text) => {
      const split = splitStatements(text);
      // It knows nothing of COPY data.
      if (!isComparable(text) || split.statements.some(({ copyData }) => copyData !== undefined)) return;
      const parsed = attempt(() => parseSync(text).stmts ?? []);
      if (parsed === undefined) return;
      accepted++;
      expect(split.unterminated).toBeUndefined();
      expect(split.conflictMarker).toBeUndefined();
      expect(split.psqlCommands).toEqual([]);
      expect(split.statements).toHaveLength(parsed.length);
      for (const [index, { stmt_location = 0, stmt_len }] of parsed.entries()) {
        const { start, end } = split.statements[index]!;
        expect(byteOffset(text, start)).toBeGreaterThanOrEqual(stmt_location);
        if (stmt_len !== undefined) expect(byteOffset(text, end)).toBeLessThanOrEqual(stmt_location + stmt_len);
      }
    });
    expect(accepted).toBeGreaterThan(CORPUS.length / 2);
  });

  test("finds the same tokens, wherever it accepts them", () => {
    let accepted = 0;
    forAll((text) => {
      if (!isComparable(text) || text.startsWith("\ufeff")) return;
      const scanned = attempt(() => scanSync(text).tokens);
      if (scanned === undefined) return;
      accepted++;
      const ends = new Set(scanned.map(({ end }) => end));
      const lexer = new Lexer(text, 0, text.length, true);
      const continued = new Set<number>();
      const found = new Set<number>();
      while (lexer.next()) {
        const end = byteOffset(text, lexer.end);
        found.add(end);
        if (lexer.kind === TokenKind.string || lexer.kind === TokenKind.lineComment) continued.add(end);
      }
      // It reads N'' as two tokens, and a string that continues on the next line as one.
      const national = new Set(
        scanned.filter(({ text: token }) => token === "N" || token === "n").map(({ end }) => end),
      );
      expect([...ends].filter((end) => !found.has(end) && !national.has(end))).toEqual([]);
      expect([...found].filter((end) => !ends.has(end) && !continued.has(end))).toEqual([]);
    });
    expect(accepted).toBeGreaterThan(CORPUS.length / 2);
  });
});

/**
 * False for escape strings that continue behind a comment: this build of the parser keeps comments, and ends
 * such strings early; servers do not.
 */
function isComparable(text: string): boolean {
  const lexer = new Lexer(text);
  while (lexer.next()) {
    if (lexer.kind !== TokenKind.string || (text.charCodeAt(lexer.start) | 32) !== 0x65) continue;
    if (text.slice(lexer.start, lexer.end).includes("--")) return false;
  }
  return text.isWellFormed();
}

function attempt<T>(call: () => T): T | undefined {
  try {
    return call();
  } catch {
    return undefined;
  }
}

function byteOffset(text: string, offset: number): number {
  return Buffer.byteLength(text.slice(0, offset));
}

/** Expects no token but semicolons in [start, end); where the text is broken, an unclosed comment may run on. */
function expectEmpty(text: string, start: number, end: number, split: SplitResult): void {
  const lexer = new Lexer(text, start, end);
  while (lexer.next()) {
    if (lexer.kind !== TokenKind.semicolon) {
      throw new Error(`${JSON.stringify(text.slice(lexer.start, lexer.end))} at ${lexer.start} is in no statement`);
    }
  }
  // The first fault is told, which may be an earlier one.
  if (lexer.gap !== undefined && !((split.unterminated?.start ?? end) < start)) {
    expect(split.unterminated?.what).toBe("comment");
  }
}
