import { type Changes, engine } from "./changes.ts";

const FOREIGN_KEY_CHANGES = engine("foreign-key-changes.ts");
const MADE_TABLE = engine("made-table.ts");
const SEQUENCE_OPTIONS = engine("sequence-options.ts");

/** Whether a constraint is valid is said once, so that one that is not is validated and not made anew. */
const WITHOUT_VALIDITY = [
  "pg_get_constraintdef(con.oid) AS def",
  "regexp_replace(pg_get_constraintdef(con.oid), ' NOT VALID$', '') AS def",
] as const;

/** What statements pg-delta makes for an object, and what they say. */
export const RULES: Changes = {
  "extract/relations.ts": [
    WITHOUT_VALIDITY,
    // Whether a view can be replaced depends on them, and rights may be to one of them.
    [
      "pg_get_viewdef(c.oid) AS def,",
      `pg_get_viewdef(c.oid) AS def,
           CASE WHEN c.relkind IN ('v', 'm') THEN (
             SELECT json_agg(json_build_array(a.attname, format_type(a.atttypid, a.atttypmod), a.attcollation::regcollation::text) ORDER BY a.attnum)
               FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped) END AS columns,`,
    ],
    [
      'payload: { def: String(row["def"]), reloptions: reloptions(row) },',
      `payload: {
          def: String(row["def"]),
          reloptions: reloptions(row),
          ...(row["columns"] == null ? {} : { _columns: row["columns"] as PayloadValue }),
        },`,
    ],
    [
      "\nexport async function extractViews(",
      '\nimport type { PayloadValue } from "../core/hash.ts";\nexport async function extractViews(',
    ],
  ],
  "extract/types.ts": [
    WITHOUT_VALIDITY,
    // The text of a domain's default has no schema in front of what its maker's search_path named.
    ["t.typdefault AS default_expr", "pg_get_expr(t.typdefaultbin, 0) AS default_expr"],
    // Before PostgreSQL 15 a locale of ICU was kept where those of the system are.
    [
      '(raw["colliculocale"] as string | null) ??\n      null;',
      `(raw["colliculocale"] as string | null) ??
      (row["provider"] === "i" ? (raw["collcollate"] as string | null) : null);
    const ofSystem = row["provider"] === "i" ? {} : raw;`,
    ],
    ['lcCollate: (raw["collcollate"]', 'lcCollate: (ofSystem["collcollate"]'],
    ['lcCtype: (raw["collctype"]', 'lcCtype: (ofSystem["collctype"]'],
  ],
  // Types come before the tables that have columns of them, so that these are made whole.
  "plan/rules/types.ts": [
    ...["domain", "type", "typeAttribute", "collation"].map(
      (kind) => [`  ${kind}: {\n    weight: 7,`, `  ${kind}: {\n    weight: 3,`] as const,
    ),
    ['"__pgdelta_replaced"', '"_before"'],
    // In another order, or with others between them, values are all still there.
    [
      '              dataLoss: "destructive",\n              rewriteRisk: true,\n            });\n          }\n          specs.push({ sql: `DROP TYPE',
      `              dataLoss: oldValues.every((value) => newValues.includes(value)) ? "none" : "destructive",
              rewriteRisk: true,
            });
          }
          specs.push({ sql: \`DROP TYPE`,
    ],
    ["TYPE ${str(to)} CASCADE`,", "TYPE ${str(to)}${collateClause(fact)} CASCADE`,"],
    ['\n} from "./helpers.ts";', '\n  collateClause,\n} from "./helpers.ts";'],
  ],
  "extract/foreign.ts": [
    [
      "obj_description(c.oid, 'pg_class') AS comment,",
      `(SELECT jsonb_agg(jsonb_build_object('schema', pn.nspname, 'name', parent.relname) ORDER BY i.inhseqno)
              FROM pg_inherits i JOIN pg_class parent ON parent.oid = i.inhparent JOIN pg_namespace pn ON pn.oid = parent.relnamespace
             WHERE i.inhrelid = c.oid) AS parents,
           pg_get_expr(c.relpartbound, c.oid) AS bound,
           obj_description(c.oid, 'pg_class') AS comment,`,
    ],
    [
      'server: String(row["server"]),\n          options',
      `server: String(row["server"]),
          ...(row["parents"] == null ? {} : { parents: row["parents"] as { schema: string; name: string }[] }),
          ...(row["bound"] == null ? {} : { bound: String(row["bound"]) }),
          options`,
    ],
  ],
  // What a sequence is anyway goes without saying.
  "plan/rules/sequences.ts": [
    [
      `\`CREATE SEQUENCE \${rel(id.schema, id.name)} AS \${str(p(fact, "dataType"))}\` +
            \` INCREMENT BY \${str(p(fact, "increment"))} MINVALUE \${str(p(fact, "minValue"))}\` +
            \` MAXVALUE \${str(p(fact, "maxValue"))} START WITH \${str(p(fact, "start"))}\` +
            \` CACHE \${str(p(fact, "cache"))} \${p(fact, "cycle") ? "CYCLE" : "NO CYCLE"}\`,`,
      `[
            \`CREATE \${p(fact, "_unlogged") === true ? "UNLOGGED " : ""}SEQUENCE \${rel(id.schema, id.name)}\`,
            ...(p(fact, "dataType") === "bigint" ? [] : [\`AS \${str(p(fact, "dataType"))}\`]),
            ...sequenceOptions(str(p(fact, "dataType")), {
              increment: str(p(fact, "increment")), minValue: str(p(fact, "minValue")), maxValue: str(p(fact, "maxValue")),
              start: str(p(fact, "start")), cache: str(p(fact, "cache")), cycle: p(fact, "cycle") === true,
            }),
          ].join(" "),`,
    ],
    ["\nexport const ", `\nimport { sequenceOptions } from ${SEQUENCE_OPTIONS};\nexport const `],
  ],
  "plan/rules/helpers.ts": [
    // Since PostgreSQL 18 a generated column need not be stored.
    [
      "GENERATED ALWAYS AS (${str(generated)}) STORED`;",
      'GENERATED ALWAYS AS (${str(generated)}) ${p(fact, "_virtual") === true ? "VIRTUAL" : "STORED"}`;',
    ],
    [
      `parts.push(
      \`INCREMENT BY \${options.increment}\`,
      \`MINVALUE \${options.minValue}\`,
      \`MAXVALUE \${options.maxValue}\`,
      \`START WITH \${options.start}\`,
      \`CACHE \${options.cache}\`,
      options.cycle ? "CYCLE" : "NO CYCLE",
    );`,
      "parts.push(...sequenceOptions(columnType, options));",
    ],
    [
      "export function identityOptionsClause(",
      `import { sequenceOptions } from ${SEQUENCE_OPTIONS};
export const collateClause = (fact: Fact): string =>
  p(fact, "collation") == null ? "" : \` COLLATE \${str(p(fact, "collation"))}\`;
export function identityOptionsClause(`,
    ],
    // A sequence that cannot go on within its new bounds begins again.
    [
      'return [{ sql: `${target} ${clauses.join(" ")}` }];',
      'return [beginningAgain(`${target} ${clauses.join(" ")}`)];',
    ],
    [
      'return [\n    { sql: `ALTER SEQUENCE ${rel(id.schema, id.name)} ${clauses.join(" ")}` },\n  ];',
      'return [beginningAgain(`ALTER SEQUENCE ${rel(id.schema, id.name)} ${clauses.join(" ")}`)];',
    ],
    [
      "function rangesDisjoint(",
      `const beginningAgain = (sql: string): ActionSpec =>
  sql.endsWith(" RESTART") ? { sql } : { sql, otherwise: { reason: "restart", sql: \`\${sql} RESTART\` } };
function rangesDisjoint(`,
    ],
    // A publication would take in the children of a table with it.
    [
      "let member = rel(id.schema, id.table);",
      'let member = `${p(fact, "_only") === true ? "ONLY " : ""}${rel(id.schema, id.table)}`;',
    ],
    // An aggregate is called by the types of its arguments; how they are given to it is told beside them.
    [
      "export function aggSig(fact: Fact): string {\n",
      `export function aggSig(fact: Fact): string {
  const own = p(fact, "_arguments");
  if (own != null) return str(own);
`,
    ],
  ],
  // A table may have more parents than one.
  "plan/rules/tables.ts": [
    [
      "createSql += ` INHERITS (${rel(parentT.schema, parentT.name)})`;",
      `const further = (p(fact, "_furtherParents") ?? []) as { schema: string; name: string }[];
          createSql += \` INHERITS (\${[parentT, ...further].map(({ schema, name }) => rel(schema, name)).join(", ")})\`;
          for (const { schema, name } of further) consumes.push({ kind: "table", schema, name });`,
    ],
    // It declares columns that it has from them as well, which cannot be said afterwards.
    [
      "createSql = `CREATE ${unlogged}TABLE ${relName} (${cols})`;",
      `if (parentT != null && partKey == null) {
          const declared = view
            .childrenOf(fact.id)
            .filter((child) => child.id.kind === "column" && p(child, "_declaredAgain") === true)
            .sort((a, b) => Number(p(a, "_position")) - Number(p(b, "_position")));
          cols = declared
            .map((column) => {
              alsoProduces.push(column.id);
              const ofColumn = view.childrenOf(column.id).find(({ id }) => id.kind === "default");
              if (ofColumn === undefined) return columnClause(column);
              alsoProduces.push(ofColumn.id);
              return \`\${columnClause(column)} DEFAULT \${str(p(ofColumn, "expr"))}\`;
            })
            .join(", ");
        }
        table = { head: \`CREATE \${unlogged}TABLE \${relName}\`, elements: cols === "" ? [] : [cols], tail: "" };
        createSql = writeTable(table);
        tableEnd = createSql.length;`,
    ],
    // What is put into the statement of a table later has its place there, and what can be put there is known.
    [
      "let createSql: string;",
      "let createSql: string;\n      let table: MadeTable | undefined;\n      let tableEnd = 0;",
    ],
    [
      "      // only the bare shape (no partition machinery",
      "      if (table !== undefined) table = { ...table, tail: createSql.slice(tableEnd) };\n      // only the bare shape (no partition machinery",
    ],
    ["sql: createSql,", "sql: createSql,\n          ...(table === undefined ? {} : { table }),"],
    [
      "sql: `ALTER TABLE ${rel(schema, table)} ADD COLUMN ${clause}`,",
      "sql: `ALTER TABLE ${rel(schema, table)} ADD COLUMN ${clause}`,\n        element: clause,",
    ],
    [
      "\nexport const tableRules",
      `\nimport { type MadeTable, writeTable } from ${MADE_TABLE};\nexport const tableRules`,
    ],
    // A column gets another collation together with its type, and values of another composite type by their names.
    [
      ": ` USING ${qid(column)}::${str(to)}`;",
      `: p(fact, "_onlyCollation") === true
                ? ""
                : \` USING \${str(p(fact, "_using") ?? \`\${qid(column)}::\${str(to)}\`)}\`;
          const keepsDefault = p(fact, "_keepsDefault") === true;`,
    ],
    [
      "sql: `${target} TYPE ${str(to)}${usingCast}`,",
      `sql: \`\${target} TYPE \${str(to)}\${collateClause(fact)}\${usingCast}\`,
            ...(usingCast === \` USING \${qid(column)}::\${str(to)}\`
              ? {
                  otherwise: {
                    reason: "unreadable-text",
                    sql: \`\${target} TYPE \${str(to)}\${collateClause(fact)} USING \${qid(column)}::text::\${str(to)}\`,
                    type: str(to),
                  },
                }
              : {}),`,
    ],
    [
      "if (desiredIdentity == null && !sourceGenerated) {",
      "if (desiredIdentity == null && !sourceGenerated && !keepsDefault) {",
    ],
    ["          if (desiredDefault) {\n", "          if (desiredDefault && !keepsDefault) {\n"],
    // A stored column that is not generated any more keeps its values; one that is not stored has none. Another expression is set where
    // the server can.
    [
      'generatedExpr: "replace",',
      `generatedExpr: {
        alter: (fact, _from, to, view, sourceView) => {
          const { schema, table, column } = columnRef(fact);
          return {
            sql: \`ALTER TABLE \${rel(schema, table)} ALTER COLUMN \${qid(column)} \${to == null ? "DROP EXPRESSION" : \`SET EXPRESSION AS (\${str(to)})\`}\`,
            consumes: to == null ? [] : dependencyConsumes(view, fact.id),
            releases: dependencyConsumes(sourceView, fact.id),
          };
        },
        replaceWhen: (from, to, fact) =>
          from == null || from === "" || (to == null ? fact.parent?.kind !== "table" : p(fact, "_setsExpression") !== true),
      },`,
    ],
    [
      'const sourceGenerated = sourceColumn.payload["generatedExpr"] != null;',
      'const sourceGenerated = sourceColumn.payload["generatedExpr"] != null && p(fact, "generatedExpr") != null;',
    ],
    // Nor does PostgreSQL change the type of a column that the body of a function in SQL names.
    [
      '          "policy",\n        ],',
      '          "policy",\n          "function",\n          "procedure",\n        ],',
    ],
    // A foreign table is made whole as well.
    [
      'if (fact.parent !== undefined && fact.parent.kind === "table") {',
      'if (fact.parent !== undefined && (fact.parent.kind === "table" || fact.parent.kind === "foreignTable")) {',
    ],
    // It may stand in front of the columns that it is computed from.
    ['        if (fact.payload["generatedExpr"] == null) {\n', "        {\n"],
    ["  columnClause,\n  columnRef,", "  collateClause,\n  columnClause,\n  columnRef,"],
  ],
  // CREATE OR REPLACE takes another language as it takes another body.
  "plan/rules/routines.ts": [['language: "replace",', "language: { alter: () => [] },"]],
  // What holds no rows yet is made without them, and so is what its query cannot be run for. A view that keeps its columns, and maybe
  // has more behind them, is replaced with all that depends on it (manual, CREATE VIEW).
  "plan/rules/views.ts": [
    [
      `      def: "replace",
      reloptions: {
        alter: (fact, from, to) => {
          const id = fact.id as { schema: string; name: string };
          return reloptionsAlterSpecs(
            \`ALTER VIEW `,
      `      def: {
        alter: (fact, _from, _to, view, sourceView) => {
          const id = fact.id as { schema: string; name: string };
          const [needed, needs] = [sourceView, view].map((side) =>
            side.outgoingEdges(fact.id).flatMap((edge) => (edge.kind === "depends" ? [edge.to] : [])),
          ) as [StableId[], StableId[]];
          const kept = new Set(needs.map(encodeId));
          return {
            sql: \`CREATE OR REPLACE VIEW \${rel(id.schema, id.name)}\${reloptionsWithClause(fact)} AS \${str(p(fact, "def"))}\`,
            consumes: needs,
            releases: needed.filter((one) => !kept.has(encodeId(one))),
          };
        },
        replaceWhen: (_from, _to, fact, before) => !keepsColumns(before, fact),
      },
      reloptions: {
        alter: (fact, from, to, _view, sourceView) => {
          // They come with its query.
          if (sourceView.get(fact.id)?.payload["def"] !== p(fact, "def")) return [];
          const id = fact.id as { schema: string; name: string };
          return reloptionsAlterSpecs(
            \`ALTER VIEW `,
    ],
    [
      'sql: `CREATE MATERIALIZED VIEW ${rel(id.schema, id.name)}${reloptionsWithClause(fact)} AS ${str(p(fact, "def"))}`,',
      '...filled(`CREATE MATERIALIZED VIEW ${rel(id.schema, id.name)}${reloptionsWithClause(fact)} AS ${str(p(fact, "def"))}`.trim().replace(/;$/, ""), p(fact, "_unfilled") !== true),',
    ],
    [
      "\nexport const ",
      `
import { encodeId, type StableId } from "../../core/stable-id.ts";
import type { Fact } from "../../core/fact.ts";
const keepsColumns = (before: Fact | undefined, after: Fact): boolean => {
  const [old, wanted] = [before, after].map((fact) => (fact?.payload["_columns"] ?? []) as unknown[]);
  return old!.length > 0 && old!.every((column, index) => JSON.stringify(column) === JSON.stringify(wanted![index]));
};
const filled = (query: string, isFilled: boolean) => {
  const unfilled = \`\${query}\\nWITH NO DATA\`;
  return isFilled ? { sql: query, otherwise: { reason: "not-filled", sql: unfilled } } : { sql: unfilled };
};
export const `,
    ],
  ],
  // PostgreSQL shows an index of a partitioned table as ON ONLY, which would leave the partitions without.
  "plan/rules/indexes.ts": [
    [
      "return [{ sql: def }];",
      `const isWhole = parentIsPartitioned && p(fact, "_incomplete") !== true;
      return [{ sql: isWhole ? def.replace(/^(CREATE (?:UNIQUE )?INDEX (?:[\\w$]+|"(?:[^"]|"")+") ON) ONLY /, "$1 ") : def }];`,
    ],
  ],
  "plan/rules/constraints.ts": [
    [
      "          ...foldHint,",
      '          ...foldHint,\n          ...(p(fact, "validated") === true && p(fact, "_incomplete") !== true && fact.parent?.kind !== "domain"\n            ? { element: `CONSTRAINT ${qid(id.name)} ${str(p(fact, "def"))}` }\n            : {}),',
    ],
    [
      "const target = constraintTarget(fact);\n      let sql =",
      `const only = p(fact, "_incomplete") === true ? "ONLY " : "";
      const target = constraintTarget(fact).replace(/^ALTER TABLE (?!ONLY )/, \`ALTER TABLE \${only}\`);
      let sql =`,
    ],
    // With the name that PostgreSQL gives it, NOT NULL of a domain has a form that versions before 17 know as well.
    [
      "      // ADD FOREIGN KEY takes",
      `      if (isNotNullOfDomain(fact) && id.name === \`\${id.table}_not_null\`) sql = \`\${target} SET NOT NULL\`;
      // ADD FOREIGN KEY takes`,
    ],
    [
      "sql: `${constraintTarget(fact)} DROP CONSTRAINT ${qid(id.name)}`,",
      "sql: `${constraintTarget(fact)} DROP ${isNotNullOfDomain(fact) ? 'NOT NULL' : `CONSTRAINT ${qid(id.name)}`}`,",
    ],
    [
      "\nexport const constraintRules",
      `
import type { Fact } from "../../core/fact.ts";
const isNotNullOfDomain = (fact: Fact): boolean => p(fact, "type") === "n" && fact.parent?.kind === "domain";
export const constraintRules`,
    ],
    ['fact.parent?.kind === "table"\n', '(fact.parent?.kind === "table" || fact.parent?.kind === "foreignTable")\n'],
    // A foreign key comes to be deferrable or enforced without being made anew.
    [
      '      def: "replace",\n      type: "replace",\n      validated: {\n        alter: (fact, _from, to) => {',
      `      def: {
        alter: (fact, _from, _to, _view, sourceView) => {
          const clauses = foreignKeyChange(definition(sourceView.get(fact.id) ?? fact), definition(fact)) ?? "";
          if (clauses === "") return [];
          const { name } = fact.id as { name: string };
          return { sql: \`\${constraintTarget(fact)} ALTER CONSTRAINT \${qid(name)} \${clauses}\` };
        },
        replaceWhen: (_from, _to, fact, before) =>
          before === undefined || foreignKeyChange(definition(before), definition(fact)) === undefined,
      },
      type: "replace",
      validated: {
        alter: (fact, _from, to, _view, sourceView) => {
          if (changesEnforcement(str((sourceView.get(fact.id) ?? fact).payload["def"]), str(p(fact, "def")))) return [];`,
    ],
    [
      "\nexport const ",
      `
import type { Fact } from "../../core/fact.ts";
import { changesEnforcement, type Definition, foreignKeyChange } from ${FOREIGN_KEY_CHANGES};
const definition = (fact: Fact): Definition => ({
  type: str(p(fact, "type")), def: str(p(fact, "def")), validated: p(fact, "validated") === true,
});
export const `,
    ],
    // What is not enforced is not valid, either.
    [
      'if (!p(fact, "validated") && !str(p(fact, "def")).includes("NOT VALID")) {',
      'if (!p(fact, "validated") && !/ NOT (?:VALID|ENFORCED)$/.test(str(p(fact, "def")))) {',
    ],
  ],
  // PostgreSQL's own validator, which knows no options of wrappers, can only have come behind them, and maybe behind what is
  // made with the wrapper.
  "plan/rules/foreign.ts": [
    [
      'sql: `CREATE FOREIGN TABLE ${rel(id.schema, id.name)} () SERVER ${qid(str(p(fact, "server")))}${optionsClause((p(fact, "options") as string[]) ?? [])}`,',
      `...((head, from) => {
            const parents = (p(fact, "parents") ?? []) as { schema: string; name: string }[];
            const consumes = parents.map(({ schema, name }) => ({ kind: "table" as const, schema, name }));
            const named = parents.map(({ schema, name }) => rel(schema, name)).join(", ");
            const bound = p(fact, "bound");
            if (bound != null) return { sql: \`\${head} PARTITION OF \${named} \${str(bound)}\\n \${from}\`, consumes };
            const table = { head, elements: [], tail: (named === "" ? "" : \` INHERITS (\${named})\`) + from };
            return { sql: writeTable(table), table, consumes, acceptsColumnFolds: true };
          })(
            \`CREATE FOREIGN TABLE \${rel(id.schema, id.name)}\`,
            \` SERVER \${qid(str(p(fact, "server")))}\${optionsClause((p(fact, "options") as string[]) ?? [])}\`,
          ),`,
    ],
    // A foreign table may be a partition or a child of others; it holds no rows, so that another parent makes it anew.
    [
      'server: "replace",\n    },\n  },\n};',
      'server: "replace",\n      parents: "replace",\n      bound: "replace",\n    },\n  },\n};',
    ],
    ["\nexport const ", `\nimport { writeTable } from ${MADE_TABLE};\nexport const `],
    // A server need not be made anew to have no version any more.
    ["VERSION ${lit(str(to))}`,\n        }),", 'VERSION ${to == null ? "NULL" : lit(str(to))}`,\n        }),'],
    ["replaceWhen: (_from, to) => to == null,", ""],
    [
      "create: (fact) => {\n      const name = qid((fact.id as { name: string }).name);\n      let sql = `CREATE FOREIGN DATA WRAPPER",
      "create: (fact, view) => {\n      const name = qid((fact.id as { name: string }).name);\n      let sql = `CREATE FOREIGN DATA WRAPPER",
    ],
    [
      'const validator = p(fact, "validator");',
      `const validator = p(fact, "validator");
      const comesLast = validator === "postgresql_fdw_validator" && ((p(fact, "options") ?? []) as unknown[]).length > 0;
      const madeWith = (id: StableId): StableId[] =>
        view
          .childrenOf(id)
          .filter((child) => ["server", "userMapping", "foreignTable"].includes(child.id.kind))
          .flatMap((child) => [child.id, ...madeWith(child.id)]);
      const validation = () => ({ sql: \`ALTER FOREIGN DATA WRAPPER \${name} VALIDATOR \${str(validator)}\`, consumes: madeWith(fact.id) });`,
    ],
    ["if (validator != null) sql +=", "if (validator != null && !comesLast) sql +="],
    [
      "return [{ sql }];\n    },\n    drop: (fact) => ({\n      sql: `DROP FOREIGN DATA WRAPPER",
      "return [{ sql }, ...(comesLast ? [validation()] : [])];\n    },\n    drop: (fact) => ({\n      sql: `DROP FOREIGN DATA WRAPPER",
    ],
  ],
  // What a publication or subscription does anyway goes without saying: servers before PostgreSQL 16 do not know all of it.
  "plan/rules/publications.ts": [
    [
      'const withParts = [\n        `publish = ${lit(((p(fact, "publish") as string[]) ?? []).join(", "))}`,\n      ];',
      `const publish = ((p(fact, "publish") as string[]) ?? []).join(", ");
      const withParts = publish === "insert, update, delete, truncate" ? [] : [\`publish = \${lit(publish)}\`];`,
    ],
    [
      'sql += ` WITH (${withParts.join(", ")})`;',
      'if (withParts.length > 0) sql += ` WITH (${withParts.join(", ")})`;',
    ],
    ...["disableOnError", "runAsOwner", "twoPhase"].map(
      (key) => [`  bool("${key}", `, `  if (p(fact, "${key}") === true) bool("${key}", `] as const,
    ),
    ['  text("origin", ', '  if (p(fact, "origin") !== "any") text("origin", '],
    [
      "DROP TABLE ${rel(id.schema, id.table)}`",
      'DROP TABLE ${p(fact, "_only") === true ? "ONLY " : ""}${rel(id.schema, id.table)}`',
    ],
  ],
  // What is not the planner's own is made anew as well when what it needs is.
  "plan/rule-flags.ts": [
    [
      'export const isRebuildable = (kind: string): boolean =>\n  ruleFlag(kind, "rebuildable") === true;',
      'export const isRebuildable = (kind: string): boolean =>\n  kind === "extensionIntent" || ruleFlag(kind, "rebuildable") === true;',
    ],
  ],
  // Unless it is changed to do without what goes. What needs a part of something, such as a column, needs it whole.
  "plan/phases/replacement-expansion.ts": [
    [
      "attrRule.replaceWhen?.(s.from, s.to, fact)",
      "attrRule.replaceWhen?.(s.from, s.to, fact, source.getByEncoded(key))",
    ],
    ["const targets = new Set([...fullDestroy", "addParts(fullDestroy);\n    const targets = new Set([...fullDestroy"],
    [
      "const worklist = [...targets];",
      "const worklist = [...targets];\n    const add = (key: string) => {\n      targets.add(key);\n      worklist.push(key);\n    };",
    ],
    [
      "        targets.add(fromKey);\n        worklist.push(fromKey);",
      "        add(fromKey);\n        for (const part of addParts(new Set([fromKey]))) if (!targets.has(part)) {\n          fullDestroy.add(part);\n          add(part);\n        }",
    ],
    [
      "  // ── forced dependent rebuild",
      `  const addParts = (keys: Set<string>): Set<string> => {
    for (const key of keys) {
      const fact = source.getByEncoded(key);
      for (const part of fact === undefined ? [] : source.childrenOf(fact.id)) keys.add(encodeId(part.id));
    }
    return keys;
  };
  // ── forced dependent rebuild`,
    ],
    [
      "if (!isRebuildable(dependent.id.kind)) continue;",
      `if (!isRebuildable(dependent.id.kind)) continue;
        const isChanged =
          dependent.id.kind === "extensionIntent" ||
          (dependent.id.kind === "view" && setsByFact.get(fromKey)?.some((set) => set.attr === "def") === true);
        if (isChanged && removed.has(toKey) && setsByFact.has(fromKey) && !replaceIds.has(fromKey)) continue;`,
    ],
  ],
  // In schema files, what may be there already is made where it is not.
  "plan/rules/schemas.ts": [
    [
      "  ownerRole?: string,\n): string {\n  const base = `CREATE SCHEMA ${qid(schemaName)}`;",
      '  ownerRole?: string,\n  whereNotThere = false,\n): string {\n  const base = `CREATE SCHEMA ${whereNotThere ? "IF NOT EXISTS " : ""}${qid(schemaName)}`;',
    ],
    [
      "{ sql: schemaCreateSql((fact.id as { name: string }).name) },",
      '{ sql: schemaCreateSql((fact.id as { name: string }).name, undefined, p(fact, "_whereNotThere") === true) },',
    ],
    [
      "const name = qid((fact.id as { name: string }).name);\n      return [\n        schemaPresent",
      'const name = `${p(fact, "_whereNotThere") === true ? "IF NOT EXISTS " : ""}${qid((fact.id as { name: string }).name)}`;\n      return [\n        schemaPresent',
    ],
  ],
};
