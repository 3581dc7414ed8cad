const MADE = /^CREATE EVENT TRIGGER ("(?:[^"]|"")*"|\S+)/;
const STATE = /^ALTER EVENT TRIGGER ("(?:[^"]|"")*"|\S+) (?:ENABLE|DISABLE)\b/;

/**
 * The statements with event triggers that are made off, and the ones that then give each of them the state that it is to have. On, they
 * would run for the statements that follow and for each new session: write rows that no source has, or refuse. PostgreSQL runs none for
 * statements on event triggers. Pure.
 */
export function withEventTriggersOff(statements: readonly string[]): {
  readonly made: readonly string[];
  readonly states: readonly string[];
} {
  const given = new Map(statements.flatMap((sql) => nameIn(STATE, sql).map((name) => [name, sql])));
  const created = statements.flatMap((sql) => nameIn(MADE, sql));
  return {
    made: statements
      .filter((sql) => !STATE.test(sql))
      // As one query, so that no session begins in between.
      .map((sql) => nameIn(MADE, sql).reduce((whole, name) => `${whole};\nALTER EVENT TRIGGER ${name} DISABLE`, sql)),
    states: created.map((name) => given.get(name) ?? `ALTER EVENT TRIGGER ${name} ENABLE`),
  };
}

function nameIn(form: RegExp, sql: string): string[] {
  const name = form.exec(sql)?.[1];
  return name === undefined ? [] : [name];
}
