import type { LoadedMigration } from "#migrate/files/body.ts";
import { TokenKind } from "#sql/lexer/token-kind.ts";
import { inside, offsetOfByte, type Parser } from "#sql/parser.ts";
import { isWord, tokensOf } from "#sql/lexer/tokens.ts";
import { readStatement } from "../sources/readings.ts";
import { keyOf, type Subject } from "../sources/subjects.ts";

/** How migrations themselves write what they make; files look best with the words of those who wrote them. */
export interface Wording {
  /** The last statement that makes an object, without its semicolon. */
  statement(subject: Subject): string | undefined;
  /** A column as it was added last: "bio text NOT NULL". */
  column(subject: Subject): string | undefined;
}

/** Reads the ways up of migrations that are SQL. */
export function wordingOf(parser: Parser, migrations: readonly LoadedMigration[]): Wording {
  const statements = new Map<string, string>();
  const columns = new Map<string, string>();
  for (const { up } of migrations) {
    if (up.kind !== "sql") continue;
    for (const statement of up.script.statements) {
      const { text } = statement;
      const node = /^(CREATE|ALTER)$/.test(statement.firstWord ?? "") ? parser.parse(text) : undefined;
      const reading = node === undefined ? undefined : readStatement(node, (schema) => schema ?? "public");
      if (node === undefined || reading === undefined) continue;
      const { makes } = reading;
      if (makes !== undefined && makes.kind !== "constraint") {
        // The arguments of a routine are part of its name.
        statements.set(keyOf(makes), withoutConcurrently(text));
        continue;
      }
      const on = reading.about.find(({ kind }) => kind === "relation");
      for (const each of inside(node, "AlterTableStmt")?.cmds ?? []) {
        const command = inside(each, "AlterTableCmd");
        const column = inside(command?.def, "ColumnDef");
        if (command?.subtype !== "AT_AddColumn" || column?.location === undefined || on === undefined) continue;
        const start = offsetOfByte(text, column.location);
        const tokens = tokensOf(text, start);
        const comma = tokens.find((token) => token.depth === 0 && token.text === ",");
        const last = tokens.findLast(({ end }) => end <= (comma?.start ?? text.length));
        if (last === undefined) continue;
        const subject: Subject = { kind: "column", schema: on.schema, of: on.name, name: column.colname ?? "" };
        columns.set(keyOf(subject), text.slice(start, last.end));
      }
    }
  }
  return {
    statement: (subject) => statements.get(keyOf(subject)),
    column: (subject) => columns.get(keyOf(subject)),
  };
}

/** A build is one transaction. */
function withoutConcurrently(sql: string): string {
  const word = tokensOf(sql.slice(0, 200)).find((token) => isWord(token, "CONCURRENTLY"));
  if (word === undefined || word.kind !== TokenKind.word || !/^create\s+(unique\s+)?index/i.test(sql)) return sql;
  return sql.slice(0, word.start) + sql.slice(word.end).trimStart();
}
