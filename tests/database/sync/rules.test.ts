import { afterAll, beforeAll, expect, test } from "bun:test";
import { renderFindings } from "#cli/output/sync-findings.ts";
import { openDatabase } from "#database/open.ts";
import type { Database } from "#database/database.ts";
import { newestAndEmbedded, type TestDatabase } from "../../support/engines.ts";
import { checkRules } from "#sync/check.ts";
import { onlyHere } from "#sync/rules/only-here.ts";
import { parseRules } from "#sync/rules/read.ts";
import { readSource } from "#sync/source/read.ts";
import { KEY, planned, planOf } from "../../support/sync.ts";

const SCHEMA = `
  create table users (id bigint primary key, email text not null unique, name varchar(10), born date,
    tags text[], doc jsonb, gone text generated always as (lower(name)) stored);
  create table orders (id int primary key, user_id bigint not null references users, mail text, note text);
  create table logs (at date not null, who bigint, line text) partition by range (at);
  create table logs_1 partition of logs for values from ('2024-01-01') to ('2025-01-01');
  create table loose (a int, b text);
  create table parts (k int, of bigint) partition by list (k);
  create table parts_1 partition of parts for values in (1); create table parts_2 partition of parts for values in (2);
  alter table parts_1 add foreign key (of) references users;
  create table nodes (id int primary key, parent int references nodes, left_id int, right_id int);`;

const USERS = {
  keep: "[id]",
  email: "email",
  name: "mask",
  born: "year",
  tags: "filler",
  doc: "{ json: { a: email } }",
};
const ORDERS = { keep: "[id, user_id]", mail: "email", note: "filler" };
const LOGS = { keep: "[at, who]", line: "filler" };
const LOOSE = { keep: "[a]", b: "filler" };
const PARTS = { keep: "[k, of]" };
const NODES = { keep: "[id, parent, left_id, right_id]" };

type Table = Readonly<Record<string, string | undefined>> | string | undefined;

/** Rules without a fault, but for what is given. */
function rules(changes: Readonly<Record<string, Table>> = {}, top = ""): string {
  const tables: Record<string, Table> = {
    users: USERS,
    orders: ORDERS,
    logs: LOGS,
    loose: LOOSE,
    nodes: NODES,
    parts: PARTS,
    ...changes,
  };
  const lines = Object.entries(tables).flatMap(([name, table]) => {
    if (table === undefined) return [];
    if (typeof table === "string") return [`  ${name}: ${table}`];
    return [
      `  ${name}:`,
      ...Object.entries(table).flatMap(([key, rule]) => (rule === undefined ? [] : [`    ${key}: ${rule}`])),
    ];
  });
  return `${top}\ntables:\n${lines.join("\n")}\n`;
}

const users = (changes: Readonly<Record<string, string | undefined>>): string =>
  rules({ users: { ...USERS, ...changes } });
const orders = (changes: Readonly<Record<string, string | undefined>>): string =>
  rules({ orders: { ...ORDERS, ...changes } });

/** What is wrong, the rules, and how it is called. */
const FAULTY: readonly (readonly [string, string, string])[] = [
  ["a table without a rule", rules({ loose: undefined }), "table-without-rule"],
  ["a column without a rule", users({ name: undefined }), "column-without-rule"],
  ["an empty table", rules({ loose: "" }), "column-without-rule"],
  ["a column that nobody has decided about", users({ name: '"?"' }), "undecided"],
  ["the same without quotes", users({ name: "?" }), "syntax"],
  ["an empty rule", users({ name: "~" }), "undecided"],
  ["a table that nobody has decided about", rules({ loose: '"?"' }), "undecided"],
  ["a table that is not there", rules({ userz: "skip" }), "unknown-table"],
  ["a column that is not there", users({ emial: "email" }), "unknown-column"],
  ["a kept column that is not there", users({ keep: "[id, nothing]" }), "unknown-column"],
  [
    "rules under a key of another tool",
    users({ transformation: "{ email: email }", email: undefined }),
    "unknown-column",
  ],
  ["a table beside `tables`", `${rules()}users: { email: email }\n`, "unknown-key"],
  ["a generated column", users({ gone: "filler" }), "generated-column"],
  ["a column with two rules", users({ keep: "[id, name]" }), "duplicate-rule"],
  ["a column twice in keep", users({ keep: "[id, id]" }), "duplicate-rule"],
  ["a table under two names", rules({ "public.loose": LOOSE }), "duplicate-rule"],
  ["rules of a partition", rules({ logs_1: LOGS }), "rule-of-partition"],
  ["a character that no text has", rules({ loose: { ...LOOSE, rows: "\"b = '\\0'\"" } }), "invalid-rule"],
  ["a wildcard", rules({ loose: { keep: '["*"]' } }), "wildcard"],
  ["a transform that is not there", users({ name: "maks" }), "unknown-transform"],
  ["two transforms for a column", users({ name: "{ mask: {}, email: {} }" }), "invalid-rule"],
  ["a list for a rule", users({ name: "[mask]" }), "invalid-rule"],
  ["an option that is not there", users({ name: "{ mask: { lats: 4 } }" }), "invalid-rule"],
  ["an option out of range", users({ name: "{ mask: { last: -1 } }" }), "invalid-rule"],
  ["options of a transform that has none", users({ born: "{ year: { x: 1 } }" }), "invalid-rule"],
  ["keep beside another transform than json", users({ name: "{ mask: {}, keep: [a] }" }), "invalid-rule"],
  ["any key of a document", users({ doc: '{ json: { "friends.*.phone": phone } }' }), "invalid-rule"],
  ["any key among those that stay", users({ doc: '{ json: { a: email }, keep: ["b.*"] }' }), "invalid-rule"],
  ["keys of what is no document", users({ name: "{ mask: {}, keys: keep }" }), "invalid-rule"],
  ["a transform for another type", users({ born: "email" }), "wrong-type"],
  ["a transform of texts on numbers", rules({ loose: { a: "mask", b: "filler" } }), "wrong-type"],
  ["no pattern", orders({ note: "{ scrub: [] }" }), "invalid-rule"],
  ["an unknown pattern", orders({ note: "{ scrub: [emial] }" }), "invalid-rule"],
  ["a date without a person", users({ born: "shift" }), "invalid-rule"],
  ["a date of a column that is not there", users({ born: "{ shift: { by: person } }" }), "unknown-column"],
  ["an expression over a column that is not there", users({ name: '{ expr: "{nobody}" }' }), "unknown-column"],
  [
    "an expression that runs a query",
    users({ name: `{ expr: "query_to_xml('select email from users', true, true, '')::text" }` }),
    "invalid-sql",
  ],
  ["an expression over itself, without braces", users({ name: '{ expr: "upper(name)" }' }), "invalid-sql"],
  ["an expression over a generated column", users({ name: '{ expr: "upper(gone)" }' }), "invalid-sql"],
  [
    "an expression over another, without braces",
    users({ tags: '{ expr: "array[email]" }', name: '{ expr: "tags[1]" }' }),
    "invalid-sql",
  ],
  ["an expression over itself", users({ name: '{ expr: "{name}" }' }), "invalid-rule"],
  ["like a column that is not there", orders({ mail: "{ as: users.mail }" }), "unknown-column"],
  ["like a column that is kept", orders({ mail: "{ as: orders.id }" }), "invalid-rule"],
  ["like a column of another type", rules({ loose: { a: "{ as: users.email }", b: "filler" } }), "wrong-type"],
  ["a path with two rules", users({ doc: "{ json: { a: email, a: phone } }" }), "syntax"],
  ["a path through a value that is kept", users({ doc: "{ json: { a.b: phone }, keep: [a] }" }), "invalid-rule"],
  ["no path", users({ doc: "{ json: { 'a..b]': email } }" }), "invalid-rule"],
  ["a path that ends with dots", users({ doc: "{ json: { 'email..': email } }" }), "invalid-rule"],
  ["a path with two dots", users({ doc: "{ json: { 'a..b': email } }" }), "invalid-rule"],
  ["a name in quotes that is a merge without them", users({ '"<<"': "email" }), "unknown-column"],
  ["a condition with a parameter", rules({ loose: { ...LOOSE, rows: "a = $1" } }), "invalid-sql"],
  ["a date inside of a document", users({ doc: "{ json: { a: year } }" }), "wrong-type"],
  ["a lossy transform of a unique column", users({ email: "mask" }), "lossy-unique"],
  ["a fixed value for a unique column", users({ email: '{ value: "x" }' }), "lossy-unique"],
  ["NULL into NOT NULL", users({ email: "{ value: null }" }), "null-into-not-null"],
  ["a result that is too long", users({ name: "email" }), "too-long"],
  ["a value that is too long", users({ name: '{ value: "much too long" }' }), "too-long"],
  [
    "a number that is too large for what refers to it",
    rules(
      {
        users: { ...USERS, keep: "[]", id: "integer" },
        orders: { ...ORDERS, keep: "[id]" },
        nodes: { keep: "[id, parent, right_id]" },
      },
      "references: [{ from: nodes.left_id, to: users.id }]",
    ),
    "too-large",
  ],
  ["a partition key", rules({ logs: { keep: "[who]", at: "year", line: "filler" } }), "partition-key"],
  [
    "a kept reference of one partition to a transformed key",
    rules({ users: { ...USERS, keep: "[]", id: "integer" }, orders: { ...ORDERS, keep: "[id]" } }),
    "kept-reference",
  ],
  ["a kept reference to a transformed key", users({ keep: "[]", id: "integer" }), "kept-reference"],
  ["a transformed reference to a kept key", orders({ keep: "[id]", user_id: "integer" }), "transformed-reference"],
  [
    "a reference with a rule of its own",
    rules({ users: { ...USERS, keep: "[]", id: "integer" }, orders: { ...ORDERS, keep: "[id]", user_id: "integer" } }),
    "disagreeing-reference",
  ],
  ["a reference to a table without rows", rules({ users: "skip" }), "reference-to-skipped"],
  ["a sample without a key", rules({ loose: { ...LOOSE, sample: "10%" } }), "sample-without-key"],
  ["a sample of nothing", orders({ sample: "0%" }), "invalid-rule"],
  ["a sample that is no percentage", orders({ sample: "0.1" }), "invalid-rule"],
  ["an unknown direction", orders({ follow: "{ user_id: sideways }" }), "invalid-rule"],
  ["follow of a column that refers to nothing", orders({ follow: "{ note: up }" }), "invalid-rule"],
  [
    "a circle that is followed down",
    rules({ nodes: { ...NODES, rows: '"id < 5"', follow: "{ parent: down }" } }),
    "endless-follow",
  ],
  ["an unknown key at the top", rules({}, "tabels: {}"), "unknown-key"],
  ["a reference without its end", rules({}, "references: [{ from: logs.who }]"), "invalid-rule"],
  [
    "a reference of a column that is not there",
    rules({}, "references: [{ from: logs.whom, to: users.id }]"),
    "unknown-column",
  ],
  [
    "a reference with more columns at one end",
    rules({}, "references: [{ from: [logs.who, logs.at], to: users.id }]"),
    "invalid-rule",
  ],
  ["a reference without columns", rules({}, "references: [{ from: [], to: [] }]"), "invalid-rule"],
  [
    "a reference from two tables",
    rules({}, "references: [{ from: [logs.who, orders.mail], to: [users.id, users.email] }]"),
    "invalid-rule",
  ],
  [
    "a reference with a column twice",
    rules({}, "references: [{ from: [nodes.left_id, nodes.right_id], to: [users.id, users.id] }]"),
    "invalid-rule",
  ],
  [
    "a reference of which one column has a rule of its own",
    rules({}, "references: [{ from: [orders.user_id, orders.note], to: [users.id, users.email] }]"),
    "disagreeing-reference",
  ],
  [
    "a reference twice, in another order",
    rules(
      {},
      "references: [{ from: [logs.who, logs.line], to: [users.id, users.name] }, { from: [logs.line, logs.who], to: [users.name, users.id] }]",
    ),
    "duplicate-rule",
  ],
  ["a tenant without a value", rules({}, "tenant: { column: user_id }"), "invalid-rule"],
  ["a tenant's column that no table has", rules({}, "tenant: { column: userid, value: 1 }"), "unknown-column"],
  [
    "a tenant's column of a skipped table alone",
    rules({ loose: "skip" }, "tenant: { column: b, value: 1 }"),
    "unknown-column",
  ],
];

const engine = newestAndEmbedded.find(({ kind }) => kind === "embedded")!;
let database: Database;
let fresh: TestDatabase;

beforeAll(async () => {
  fresh = await engine.fresh();
  database = await openDatabase(fresh.target);
  await database.execute(SCHEMA);
});

afterAll(async () => {
  await database?.close();
  await fresh?.drop();
});

test("rules without a fault make a plan", async () => {
  const result = await planned(database, rules());
  expect(result.kind === "findings" ? result.findings : []).toEqual([]);
});

for (const [name, yaml, rule] of FAULTY) {
  test(`refused before the first row: ${name}`, async () => {
    const found = await planned(database, yaml).then(
      (result) => (result.kind === "plan" ? [] : result.findings.map((finding) => finding.rule)),
      (error: { code: string }) => [error.code.replace("config_", "")],
    );
    expect(found).toContain(rule);
  });
}

test("of two rules for a column, the second one is too many, whichever of them is in `keep`", async () => {
  for (const loose of ["    keep: [a]\n    a: integer", "    a: integer\n    keep: [a]"]) {
    const yaml = rules({ loose: undefined }).replace("tables:\n", `tables:\n  loose:\n${loose}\n`);
    const line = yaml.split("\n").indexOf("  loose:") + 2;
    const result = await planned(database, yaml);
    const found = result.kind === "findings" ? result.findings : [];
    expect(found.filter(({ rule }) => rule === "duplicate-rule")).toMatchObject([
      {
        message: expect.stringMatching(new RegExp(`has two rules; the first is in line ${line}$`)),
        location: { line: line + 1 },
      },
    ]);
  }
});

test("what is wrong at an end of a reference is told at its column", async () => {
  for (const [reference, token, finding, changed = {}] of [
    ["{ from: logs.whom, to: users.id }", "logs.whom", { rule: "unknown-column", fix: 'Did you mean "logs.who"?' }],
    [
      "{ from: [logs.who, logs.line], to: [users.id, users.emial] }",
      "users.emial",
      { rule: "unknown-column", fix: 'Did you mean "users.email"?' },
    ],
    [
      "{ from: [logs.who, lgos.line], to: [users.id, users.email] }",
      "lgos.line",
      { rule: "unknown-column", fix: 'Did you mean "logs.line"?' },
    ],
    [
      "{ from: [logs.who, orders.mail], to: [users.id, users.email] }",
      "orders.mail",
      {
        rule: "invalid-rule",
        message: 'The columns of one end of a reference are of one table, and "orders.mail" is not of logs',
      },
    ],
    [
      "{ from: [logs.who, logs.who], to: [users.id, users.email] }",
      "logs.who]",
      { rule: "invalid-rule", message: '"logs.who" stands twice in `from` of a reference' },
    ],
    [
      "{ from: [logs.who, logs.line], to: users.id }",
      "{ from",
      {
        message: "A reference has as many columns in `from` as in `to`: there are 2, and 1",
        fix: "- { from: [events.tenant_id, events.user_id], to: [users.tenant_id, users.id] }",
      },
    ],
    ["\n- from: logs.who, logs.line\n  to: users.id", "logs.who,", { fix: "from: [logs.who, logs.line]" }],
    [
      "{ from: [logs.who, [logs.line]], to: [users.id, users.email] }",
      "[logs.line]",
      { rule: "invalid-rule", fix: "from: [logs.who, logs.line]" },
    ],
    [
      "{ from: 'logs.who, logs.\"a,b\"', to: users.id }",
      "'logs.who",
      { rule: "invalid-rule", fix: 'from: [logs.who, "logs.\\"a,b\\""]' },
    ],
    // By type, and by what both refer to.
    [
      "{ from: [logs.who, logs.line], to: [users.name, users.id] }",
      "logs.who",
      { rule: "crossed-reference", fix: "Write `to: [users.id, users.name]`" },
    ],
    [
      "{ from: [parts.k, parts.of], to: [orders.user_id, orders.id] }",
      "parts.k",
      { rule: "crossed-reference", fix: "Write `to: [orders.id, orders.user_id]`" },
    ],
    [
      "{ from: nodes.left_id, to: users.born }",
      "nodes.left_id",
      { rule: "uncomparable-reference" },
      { born: "year", keep: "[id]" },
    ],
    [
      "{ from: [nodes.left_id, nodes.id], to: [users.id, users.born] }",
      "nodes.id",
      {
        rule: "uncomparable-reference",
        message: "nodes.id (integer) cannot refer to users.born (date): operator does not exist: integer = date",
        fix: "Name columns whose values PostgreSQL compares, or remove the reference",
      },
    ],
  ] as const) {
    const yaml = rules(
      { users: { ...USERS, born: undefined, keep: "[id, born]", ...changed } },
      `references: ${reference.startsWith("\n") ? reference : `[${reference}]`}`,
    );
    const before = yaml.slice(0, yaml.indexOf(token));
    const read = await parseRules([{ file: "db/sync/rules.yaml", text: yaml }]);
    const checked = await checkRules(database, [], read, KEY);
    expect([reference, checked.kind === "findings" ? checked.findings : []]).toMatchObject([
      reference,
      [
        {
          ...finding,
          location: { line: before.split("\n").length, column: before.length - before.lastIndexOf("\n") },
        },
      ],
    ]);
  }
});

test("a reference whose columns are crossed is a fault, but where equal names alone say so and it may be meant", async () => {
  await database.execute(`create table tenants (id int primary key);
    create table members (id int, tenant_id int references tenants, name text, primary key (tenant_id, id));
    create table visits (id int primary key, tenant_id int references tenants, member_id int, who int);
    create table edges (source int, target int, primary key (source, target));
    create table reverse (source int, target int)`);
  const told = async (from: string, to: string, top = ""): Promise<readonly unknown[]> => {
    const yaml = `${rules({}, `references: [{ from: [${from}], to: [${to}] }]\n${top}`)}  tenants: { keep: [id] }
  members: { keep: [id, tenant_id, name], rows: "tenant_id = 1" }
  visits: { keep: [id, tenant_id, member_id, who] }
  edges: { keep: [source, target], rows: "source < 5" }
  reverse: { keep: [source, target] }
`;
    const result = await planned(database, yaml);
    if (result.kind === "findings") return result.findings.map(({ rule, fix }) => `${rule}: ${fix}`);
    return result.plan.warnings.filter((warning) => warning.includes("most likely means"));
  };
  const KEY_OF = "members.id, members.tenant_id";
  const refused = ["crossed-reference: Write `to: [members.tenant_id, members.id]`"];
  try {
    // What both refer to, the name of the table, the tenant.
    expect(await told("visits.tenant_id, visits.member_id", KEY_OF)).toEqual(refused);
    expect(await told("visits.tenant_id, visits.who", KEY_OF)).toEqual(refused);
    await database.execute("alter table visits drop constraint visits_tenant_id_fkey");
    expect(await told("visits.tenant_id, visits.member_id", KEY_OF)).toEqual(refused);
    expect(await told("visits.tenant_id, visits.who", KEY_OF, "tenant: { column: tenant_id, value: 1 }")).toEqual(
      refused,
    );
    expect(await told("visits.tenant_id, visits.who", KEY_OF)).toEqual([
      expect.stringMatching(
        /^db\/sync\/rules[.]yaml:1: visits[.]tenant_id would .* write `to: \[members[.]tenant_id, members[.]id\]`$/,
      ),
    ]);
    expect(await told("reverse.source, reverse.target", "edges.target, edges.source")).toEqual([
      expect.stringMatching(
        /^db\/sync\/rules[.]yaml:1: reverse[.]source would refer to edges[.]target, .* Unless that is meant, write `to: \[edges/,
      ),
    ]);
    for (const [from, to] of [
      ["visits.member_id, visits.tenant_id", KEY_OF],
      ["visits.who, visits.tenant_id", KEY_OF],
      ["nodes.left_id, nodes.right_id", "edges.target, edges.source"],
    ] as const)
      expect([from, await told(from, to)]).toEqual([from, []]);
  } finally {
    await database.execute("drop table visits, members, tenants, edges, reverse");
  }
});

test("a reference with several columns means the same however its pairs are ordered, and one is not another", async () => {
  const digest = async (reference: string): Promise<string> =>
    (await parseRules([{ file: "db/sync/rules.yaml", text: `references: [{ ${reference} }]` }])).digest;
  const pairs = await digest("from: [a.x, a.y], to: [b.x, b.y]");
  expect(await digest("from: [a.y, a.x], to: [b.y, b.x]")).toBe(pairs);
  expect(await digest("from: [a.x, a.y], to: [b.y, b.x]")).not.toBe(pairs);
  expect(await digest("from: [a.x], to: [b.x]")).toBe(await digest("from: a.x, to: b.x"));
});

test("a reference with a column that only another state has is left out, and a misspelt one is not", async () => {
  const there = await readSource(database);
  const tables = there.tables.map((table) => ({
    ...table,
    columns: table.columns.filter(({ name }) => name !== "right_id"),
  }));
  const ends = ["left_id, nodes.right_id", "left_id, nodes.rihgt_id"].map(
    (from) => `{ from: [nodes.${from}], to: [users.id, users.name] }`,
  );
  const read = await parseRules([{ file: "db/sync/rules.yaml", text: `references: [${ends.join(", ")}]` }]);
  const { references } = onlyHere(read, { ...there, tables }, [there]);
  expect(references.map(({ pairs }) => pairs.map(({ from }) => from.text))).toEqual([
    ["nodes.left_id", "nodes.rihgt_id"],
  ]);
});

test("what PostgreSQL says of a condition is told at its place, however YAML writes it", async () => {
  const near = 'Did you mean "born"?';
  for (const [condition, token, message, fix] of [
    ['"id > 0 and bron is null"', "bron", 'column "bron" does not exist', near],
    ["id > 0 and bron is null", "bron", 'column "bron" does not exist', near],
    ["'name = ''a'' and bron is null'", "bron", 'column "bron" does not exist', near],
    ['"name = \'\\u00e9\\"\' and\\n bron is null"', "bron", 'column "bron" does not exist', near],
    ["|\n      id > 0\n        and bron is null", "bron", 'column "bron" does not exist', near],
    [">-\n      id > 0\n      and bron is null", "bron", 'column "bron" does not exist', near],
    ["id > 0\n      and bron is null", "bron", 'column "bron" does not exist', near],
    ['"now() > born and bron is null and born < now()"', "bron", 'column "bron" does not exist', near],
    ['"id > 0 und id < 5"', "und", "A condition has to be SQL: syntax error", "Write it as after WHERE"],
    ['"id < "', '"\n', "A condition has to be SQL: syntax error", "Write it as after WHERE"],
    ['"id = name"', "= name", "operator does not exist", "cast"],
    ['"id > 0 and \\x62ron is null"', "\\x62", 'column "bron" does not exist', near],
  ] as const) {
    const yaml = users({ rows: condition });
    const at = yaml.indexOf(token, yaml.indexOf("    rows: ") + 9 + (token.startsWith('"\n') ? 2 : 0));
    const before = yaml.slice(0, token.startsWith('"\n') ? at - 1 : at);
    const place = [before.split("\n").length, before.length - before.lastIndexOf("\n")];
    const read = await parseRules([{ file: "db/sync/rules.yaml", text: yaml }]);
    const checked = await checkRules(database, [], read, KEY);
    const [found] = checked.kind === "findings" ? checked.findings : [];
    expect([condition, found?.location.line, found?.location.column]).toEqual([condition, ...place]);
    expect([condition, found?.message, found?.fix]).toEqual([
      condition,
      expect.stringContaining(message),
      expect.stringContaining(fix),
    ]);
  }
});

test("a circle that is followed down is told with its references and the line that breaks it", async () => {
  const circle = (follow: string): string => rules({ nodes: { ...NODES, rows: '"id < 5"', follow } });
  const result = await planned(database, circle("{ parent: down }"));
  expect(result.kind === "findings" ? result.findings : []).toMatchObject([
    {
      message: "nodes refers to itself, which cannot be followed down all around (nodes.parent -> nodes)",
      fix: "Follow one of them up: at nodes, write `parent: up` into `follow`, in place of what is there",
    },
  ]);
  expect((await planned(database, circle("{ parent: up }"))).kind).toBe("plan");
});

test("rules of another form are told once, and not again for each column that they were meant for", async () => {
  for (const [yaml, fix] of [
    ["tables: []\n", "users: { keep: [id], email: email }"],
    [users({ keep: "{ id: 1 }" }), "keep: [id, created_at]"],
    [users({ keep: "[id, { born: 1 }]" }), "keep: [id, created_at]"],
    [rules({ users: "[id]" }), "Write `users: skip`, or below it"],
  ] as const) {
    const result = await planned(database, yaml);
    const findings = result.kind === "findings" ? result.findings : [];
    expect(findings.map(({ rule }) => rule)).toEqual(["invalid-rule"]);
    expect(findings[0]?.fix).toStartWith(fix);
  }
});

test("keys of a document that no path names are copied where the rules say so", async () => {
  const doc = '{ json: { "friends.*.phone": phone }, keys: keep }';
  const result = await planned(database, users({ doc }));
  expect(result.kind === "findings" ? result.findings : []).toEqual([]);
});

test("a table without a rule is told with the line that its rule goes below", async () => {
  const yaml = `${rules({ loose: undefined })}large_objects: skip\n`;
  const line = yaml.split("\n").length - 2;
  const result = await planned(database, yaml);
  expect(result).toMatchObject({
    findings: [
      {
        location: { file: "db/sync/rules.yaml", line, sourceLine: "    keep: [k, of]" },
        fix: expect.stringContaining(`below line ${line}, with what`),
      },
    ],
  });
});

test("a fault is told with the line to write, which keeps nothing that looks personal", async () => {
  await database.execute(
    `create domain email_address as text check (value like '%@%');
    create table people (id int primary key, email text not null unique, contact email_address unique, code varchar(16) unique,
      short varchar(5) unique, iban_hash bytea unique, born date unique, at timestamptz, seen inet, handle text)`,
  );
  const people = {
    keep: "[id]",
    ...Object.fromEntries(
      ["email", "contact", "code", "born", "at", "seen", "handle"].map((name) => [name, "{ value: null }"]),
    ),
    short: "{ value: null }",
    iban_hash: "{ value: null }",
    email: "email",
  };
  const none = "No transform gives different values of";
  try {
    for (const [change, fix] of [
      [{ email: '{ value: "a@b.test" }' }, "email: email  # different values get different results"],
      [{ contact: '{ value: "a@b.test" }' }, "contact: email  # different values get different results"],
      [{ code: "mask" }, "code: { token: { length: 16 } }  # different values get different results"],
      [{ id: '{ value: "1" }', keep: "[]" }, "id: integer  # different values get different results"],
      [
        { short: "mask" },
        `${none} character varying(5) different results: short: { value: null }; or people: skip; or short: keep, if nothing in it is personal`,
      ],
      [{ iban_hash: '{ value: "x" }' }, `${none} bytea different results: iban_hash: { value: null }; or people: skip`],
      [{ born: "{ shift: { days: 3 } }" }, "{ shift: { by: id } }"],
      [{ handle: "{ address: { part: street } }" }, "{ address: { part: street, by: id } }"],
      [{ handle: '{ expr: "{emial}" }' }, 'Did you mean "email"?'],
      [{ email: '"?"' }, "email: email"],
      [{ code: '"?"' }, expect.stringMatching(/^Write a transform here, or move the column to `keep/)],
      [{ at: '"?"' }, "at: { shift: { by: id } }; or move the column to `keep: [...]` if nothing in it is personal"],
      [{ seen: '"?"' }, "seen: network"],
      [
        { handle: '"?" # 12% hold an e-mail address' },
        "handle: { scrub: [email, phone] }; or move the column to `keep: [...]` if nothing in it is personal",
      ],
      [{ where: '"id < 5"' }, 'A condition is written as rows: "id < 5"'],
    ] as const) {
      const result = await planned(database, rules({ people: { ...people, ...change } }));
      const findings = result.kind === "findings" ? result.findings : [];
      expect(findings.map((finding) => finding.fix)).toEqual([fix]);
    }
    const tenant = await planned(database, rules({ people }, "tenant: user_id"));
    expect(tenant).toMatchObject({ findings: [{ fix: "tenant: { column: user_id, value: 7 }" }] });
  } finally {
    await database.execute("drop table people; drop domain email_address");
  }
});

test("what nobody has decided about is told with what works: of keys, of what refers to them, and of people themselves", async () => {
  await database.execute(`create table firms (id int primary key, email text);
    create table staff (ssn varchar(11) primary key, boss varchar(11) references staff);
    create table slips (ssn varchar(11) references staff, month date, day date, id int unique, primary key (ssn, month));
    create table contacts (id int primary key, firm int references firms, email text, phone text, at date)`);
  const none = "No transform gives different values of";
  const open = (keep: string, ...names: string[]) => ({
    keep,
    ...Object.fromEntries(names.map((name) => [name, '"?"'])),
  });
  try {
    const told = async (yaml: string): Promise<unknown> => {
      const result = await planned(database, yaml);
      const findings = result.kind === "findings" ? result.findings : [];
      return Object.fromEntries(findings.map(({ table, column, fix }) => [`${table}.${column}`, fix]));
    };
    const others = { firms: { keep: "[id]", email: "email" } };
    const contacts = { ...open("[id, firm]", "at"), email: "email", phone: "phone" };
    expect(
      await told(rules({ ...others, contacts, staff: open("[]", "ssn"), slips: open("[id]", "ssn", "month", "day") })),
    ).toEqual({
      "staff.ssn": `${none} character varying(11) different results: staff: skip`,
      "slips.ssn": expect.stringMatching(
        /^It follows staff\.ssn by itself: remove this line if that is transformed, or move the column to `keep: \[...\]` if that is kept$/,
      ),
      "slips.month": `${none} date different results: slips: skip; or month: keep, if nothing in it is personal`,
      // The other columns of its table tell rows apart.
      "slips.day": expect.stringMatching(/^day: \{ shift: \{ by: ssn \} \}/),
      // Not by the firm, although that has an address too.
      "contacts.at": expect.stringMatching(/^at: \{ shift: \{ by: id \} \}/),
    });
    // What is too long for a key is not told to be cut.
    const long = await told(
      rules({ ...others, contacts: { ...contacts, at: "year" }, staff: { keep: "[]", ssn: "email" }, slips: "skip" }),
    );
    expect(long).toMatchObject({ "staff.ssn": `${none} character varying(11) different results: staff: skip` });
  } finally {
    await database.execute("drop table contacts, slips, staff, firms");
  }
});

test("one mistake is one fault, with what to write next, and each path of a document is told", async () => {
  const list = "Name the columns: keep: [id, created_at]. `confiture sync check` then tells each one that has no rule";
  for (const [yaml, told] of [
    [rules({ nodes: { keep: '"*"' } }), [list]],
    [rules({ nodes: undefined, "public.nodes": { keep: '"*"' } }), [list]],
    [rules({ nodes: undefined, "pub*.nodes": { keep: '"*"' } }), [list]],
    [rules({ nodes: { keep: "id, parent, left_id, right_id" } }), ["keep: [id, parent, left_id, right_id]"]],
    [rules({ nodes: { keep: "[[id, parent], left_id, right_id]" } }), ["keep: [id, parent, left_id, right_id]"]],
    ...['"id, parent, left_id, right_id"', '["id, parent", left_id, right_id]'].map(
      (keep) =>
        [
          rules({ nodes: { keep } }),
          [expect.stringMatching(/^Columns are one list, in brackets: keep: \[id, parent/)],
        ] as const,
    ),
    [
      users({ doc: '{ json: { a: "?", email: "?", "b[]": emial }, keep: [c] }' }),
      [expect.stringMatching(/^Write a transform here, or move the path/), "email: email", 'Did you mean "email"?'],
    ],
    [
      rules({ loose: { keep: "[a]" } }),
      [
        expect.stringMatching(
          /below line \d+:\n  b: TRANSFORM {2}# one of email, .*, expr\n  b: keep {2}# if nothing in it is personal$/,
        ),
      ],
    ],
  ] as const) {
    const result = await planned(database, yaml);
    const findings = result.kind === "findings" ? result.findings : [];
    expect(findings.map(({ fix }) => fix)).toEqual([...told]);
    expect(findings.every(({ location: { line, column } }) => line !== undefined && column !== undefined)).toBe(true);
  }
});

test("a key of its own is kept in the rule to add for a table, and a path cannot be like what is kept", async () => {
  const ofOrders = await planned(database, rules({ orders: undefined }));
  expect(ofOrders).toMatchObject({
    findings: [
      { rule: "table-without-rule", fix: expect.stringMatching(/\n  orders:\n    id: keep\n    user_id: keep\n/) },
    ],
  });
  const ofPath = await planned(database, users({ doc: "{ json: { a: { as: users.id } } }" }));
  expect(ofPath).toMatchObject({
    findings: [
      {
        message: "users.id is kept, so nothing can be like it",
        fix: "Keep this path as well, or transform that one",
      },
    ],
  });
});

test("paths of documents that nobody has decided about are told together, each with its place", async () => {
  const result = await planned(database, users({ doc: '{ json: { a: "?", "b.c": "?" } }' }));
  const told = renderFindings(result.kind === "findings" ? result.findings : [], (_, text) => text, true);
  expect(told.slice(0, 3)).toEqual([
    "error: Nobody has decided yet, in 2 places [undecided]",
    expect.stringMatching(/^ {2}--> db\/sync\/rules\.yaml:\d+:\d+ users\.doc a$/),
    expect.stringMatching(/^ {2}--> db\/sync\/rules\.yaml:\d+:\d+ users\.doc b\.c$/),
  ]);
});

test("a date is shifted by the person whom its row is about, and by nothing else", async () => {
  await database.execute(
    `create table addresses (id int primary key, street text, at date);
     create table members (firm int, id int, email text, primary key (firm, id));
     create table visits (firm int, id int primary key, member int, at date, foreign key (firm, member) references members);
     create table sales (id int primary key, ship_to int references addresses, made_by int references users, buyer int references users, at date, agent int references users)`,
  );
  const open = { keep: "[id]", at: '"?"' };
  try {
    const result = await planned(
      database,
      rules({
        addresses: { ...open, street: "filler" },
        members: { keep: "[firm, id]", email: "email" },
        visits: { ...open, keep: "[firm, id, member]" },
        sales: { ...open, keep: "[id, ship_to, made_by, buyer, agent]" },
        logs: { keep: "[who]", at: '"?"', line: "filler" },
      }),
    );
    const findings = result.kind === "findings" ? result.findings : [];
    expect(Object.fromEntries(findings.map(({ table, fix }) => [table, fix]))).toEqual({
      addresses: expect.stringContaining("no foreign key of the table leads to people"),
      visits: "at: { shift: { by: member } }; or move the column to `keep: [...]` if nothing in it is personal",
      sales: "at: { shift: { by: buyer } }; or move the column to `keep: [...]` if nothing in it is personal",
      logs: "at: keep, if nothing in it is personal; or logs: skip",
    });
    // Of two references to one table each is told by its column.
    const cut = await planOf(
      database,
      rules({
        users: { ...USERS, rows: '"id < 5"' },
        addresses: { keep: "[id, at]", street: "filler" },
        members: "skip",
        visits: "skip",
        sales: { keep: "[id, ship_to, made_by, buyer, at, agent]" },
      }),
    );
    expect(cut.tables.find(({ name }) => name === "sales")?.where?.split(" and ")).toEqual(
      expect.arrayContaining(["made_by", "buyer"].map((name) => `the row of users that ${name} refers to is copied`)),
    );
  } finally {
    await database.execute("drop table sales; drop table addresses; drop table visits; drop table members");
  }
});

test("there are no tables without rules, nor columns, but those that are told with the line to add", async () => {
  const result = await planned(database, users({ email: undefined }));
  const [finding] = result.kind === "findings" ? result.findings : [];
  expect(finding).toMatchObject({
    rule: "column-without-rule",
    location: { file: "db/sync/rules.yaml", line: 3, column: 3, sourceLine: "  users:" },
    fix: "Add to db/sync/rules.yaml, below line 3: email: email",
  });
});

test("a transform that works on no value in a document is refused with those that do", async () => {
  for (const rule of ["network", "{ address: { part: city, by: id } }", "year", "{ json: { b: email } }"]) {
    const result = await planned(database, users({ doc: `{ json: { a: ${rule} } }` }));
    const [finding] = result.kind === "findings" ? result.findings : [];
    expect(finding?.fix).toMatch(/^For a value in a document: keep, email, .*\binteger, .*\bvalue; /);
    expect(finding?.fix).not.toMatch(/network|address|json/);
  }
});

test("a fault of a column that is like another one is told at its own rule", async () => {
  const yaml = users({ email: "{ as: users.name }" });
  const result = await planned(database, yaml);
  const line = yaml.split("\n").findIndex((each) => each.includes("as: users.name")) + 1;
  expect(result).toMatchObject({ findings: [{ rule: "lossy-unique", column: "email", location: { line } }] });
});

test("a misspelt column that another is to be like is told with its right name", async () => {
  for (const [written, fix] of [
    ["users.emial", 'Did you mean "users.email"?'],
    ["usres.email", 'Did you mean "users.email"?'],
    ["users.eMail", 'Did you mean "users.email"?'],
    ["nobody", "Write TABLE.COLUMN: users.email"],
    ["loose.zzzzzz", "loose has a, b"],
  ]) {
    const result = await planned(database, orders({ mail: `{ as: ${written} }` }));
    expect(result.kind === "findings" ? result.findings : []).toMatchObject([{ rule: "unknown-column", fix }]);
  }
});

test("a misspelt word of a rule is told with its right spelling", async () => {
  for (const [yaml, fix] of [
    [users({ kep: "[id]" }), 'Did you mean "keep"?'],
    [users({ doc: "{ json: { a: email }, kep: [b] }" }), 'Did you mean "keep"?'],
    [users({ name: "{ mask: { last: 4 }, domian: people }" }), 'Did you mean "domain"?'],
    [orders({ follow: "{ user_idd: up }" }), 'Did you mean "user_id"?'],
  ] as const) {
    const result = await planned(database, yaml);
    expect(result.kind === "findings" ? result.findings : []).toContainEqual(expect.objectContaining({ fix }));
  }
});

test("a reference to a table without rows is told how to empty its column, and that holds", async () => {
  await database.execute("alter table nodes add constraint to_users foreign key (parent) references users");
  try {
    const left = { users: "skip", orders: "skip", parts: "skip" };
    for (const [nodes, fix] of [
      [NODES, "Take parent out of `keep` and write `parent: { value: null }`"],
      [{ keep: "[id, left_id, right_id]", parent: "keep" }, "Write `parent: { value: null }` in place of its rule"],
    ] as const) {
      const result = await planned(database, rules({ ...left, nodes }));
      expect(result.kind === "findings" ? result.findings : []).toMatchObject([{ rule: "reference-to-skipped", fix }]);
    }
    const nodes = { keep: "[id, left_id, right_id]", parent: "{ value: null }" };
    expect(await planned(database, rules({ ...left, nodes }))).toMatchObject({ kind: "plan" });
  } finally {
    await database.execute("alter table nodes drop constraint to_users");
  }
});

test("a column that refers to two keys with different rules is told what makes them agree", async () => {
  const both = "references: [{ from: nodes.left_id, to: users.id }, { from: nodes.left_id, to: nodes.id }]";
  const withNodes = (id: string): string =>
    rules(
      {
        users: { ...USERS, keep: "[]", id: "{ integer: { bits: 31 } }" },
        orders: { ...ORDERS, keep: "[id]" },
        nodes: { keep: "[right_id]", id },
        parts: { keep: "[k]" },
      },
      both,
    );
  const result = await planned(database, withNodes("integer"));
  expect(result.kind === "findings" ? result.findings : []).toMatchObject([
    { rule: "disagreeing-reference", fix: "id: { as: users.id }  # in the rules of nodes" },
  ]);
  expect(await planned(database, withNodes("{ as: users.id }"))).toMatchObject({ kind: "plan" });
});

test("what has no rule because of a misspelt word is not told besides", async () => {
  for (const [yaml, told] of [
    [rules().replace("tables:", "tabels:"), ["unknown-key"]],
    [rules({ loose: undefined, losse: LOOSE }), ["unknown-table"]],
    [users({ keep: undefined, kep: "[id]", email: undefined }), ["unknown-column"]],
    [users({ email: undefined, emial: "email", name: undefined }), ["column-without-rule", "unknown-column"]],
    [
      rules({ nodes: undefined, ndoes: NODES, orders: { ...ORDERS, note: "?" } }).replace("?", '"?"'),
      ["unknown-table", "undecided"],
    ],
    [
      rules({ users: { ...USERS, email: "Email" }, orders: { ...ORDERS, mail: "{ as: users.email }" } }),
      ["unknown-transform"],
    ],
    [
      rules({ users: { ...USERS, email: "{ email: { att: x.org } }", doc: "{ json: { a: { as: users.email } } }" } }),
      ["invalid-rule"],
    ],
    [
      rules({ users: { ...USERS, email: undefined }, orders: { ...ORDERS, mail: "{ as: users.email }" } }),
      ["column-without-rule"],
    ],
    [
      rules({
        users: "skip",
        orders: { ...ORDERS, keep: "[id]", user_id: "{ value: 1 }", mail: "{ as: users.email }" },
      }),
      ["invalid-rule", "reference-to-skipped", "reference-to-skipped"],
    ],
    [
      rules({
        users: { ...USERS, keep: "[]", id: "integr" },
        orders: { ...ORDERS, keep: "[id]" },
        parts: { keep: "[k]" },
      }),
      ["unknown-transform"],
    ],
    [rules({ users: { ...USERS, tags: "{ as: users.name }", name: "{ as: users.tags }" } }), ["invalid-rule"]],
    [rules({}, "tenant: user_id"), ["invalid-rule"]],
    [rules({}, "tenant: { colum: user_id, value: 1 }"), ["unknown-key"]],
    [rules({}, "references: [{ form: logs.who, to: users.id }]"), ["unknown-key"]],
  ] as const) {
    const result = await planned(database, yaml);
    expect([yaml, result.kind === "findings" ? result.findings.map(({ rule }) => rule) : []]).toEqual([
      yaml,
      [...told],
    ]);
  }
});

test("a foreign key follows its key", async () => {
  const yaml = rules({
    users: { ...USERS, keep: "[]", id: "integer" },
    orders: { ...ORDERS, keep: "[id]" },
    parts: { keep: "[k]" },
  });
  const result = await planned(database, yaml);
  const tables = result.kind === "plan" ? result.plan.tables : [];
  const columns = tables.flatMap((table) => table.columns.filter(({ domain }) => domain === "public.users.id"));
  expect(columns.map(({ name }) => name)).toEqual(["user_id", "of", "of", "id"]);
});

test("one rule stands for a table in many schemas, and one of its own goes first", async () => {
  const names = ["a", "b", "c"].map((end) => `tenant_${end}`);
  await database.execute(
    `${names
      .map(
        (name) => `create schema ${name}; create table ${name}.users (id int primary key, email text not null);
      create table ${name}.orders (user_id int references ${name}.users, mail text, by int)`,
      )
      .join(";")}; create table tenant_a.extra (id int)`,
  );
  try {
    const several = {
      "tenant_*.users": { keep: "[]", id: "integer", email: "email" },
      "tenant_*.orders": { keep: "[]" },
      "tenant_c.users": { keep: "[id]", email: "mask" },
      "tenant_*.extra": "skip",
    };
    const top =
      "references: [{ from: [tenant_*.orders.by, tenant_*.orders.mail], to: [tenant_*.users.id, tenant_*.users.email] }]";
    const result = await planned(database, rules(several, top));
    const findings = result.kind === "findings" ? result.findings : [];
    // In the third schema, keys are kept.
    expect(findings.map(({ rule, table, column }) => [rule, table, column])).toEqual([
      ["column-without-rule", "tenant_c.orders", "user_id"],
      ["column-without-rule", "tenant_c.orders", "by"],
    ]);
    const whole = await planned(
      database,
      rules({ ...several, "tenant_c.users": undefined, "tenant_*.users": { id: "integer", email: "email" } }, top),
    );
    const plan = whole.kind === "plan" ? whole.plan.tables.filter(({ schema }) => schema.startsWith("tenant_")) : [];
    expect(plan.map(({ schema, name, columns }) => [schema, name, columns.map(({ domain }) => domain)])).toEqual([
      ["tenant_a", "extra", []],
      ...names.flatMap((name) => [
        [name, "orders", [`${name}.users.id`, `${name}.users.email`, `${name}.users.id`]],
        [name, "users", [`${name}.users.id`, `${name}.users.email`]],
      ]),
    ]);
    const none = await planned(database, rules({ ...several, "tenants_*.users": "skip" }, top));
    expect(none.kind === "findings" ? none.findings.map(({ rule }) => rule) : []).toContain("unknown-table");
  } finally {
    for (const name of names) await database.execute(`drop schema ${name} cascade`);
  }
});
