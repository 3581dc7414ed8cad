import { readFile } from "node:fs/promises";
import { join } from "node:path";

const engine = (file: string): string => JSON.stringify(join(import.meta.dir, "..", "src", "compare", "engine", file));
const MEMORY = engine("memory.ts");
const MADE_TABLE = engine("made-table.ts");
const REFERENCED_FIRST = engine("referenced-first.ts");
const SEQUENCE_OPTIONS = engine("sequence-options.ts");

/** What is replaced in a file of pg-delta, below its `src`, once each. */
const CHANGES: Readonly<Record<string, readonly (readonly [from: string, to: string])[]>> = {
  // The same text for the same object, however many collections it is a key of.
  "core/stable-id.ts": [
    [
      "export function encodeId(id: StableId): string {",
      `const encoded = new Map<string, string>();
const encodedOf = new WeakMap<StableId, string>();
export function encodeId(id: StableId): string {
  const known = encodedOf.get(id);
  if (known !== undefined) return known;
  const text = encode(id);
  const same = encoded.get(text) ?? text;
  encoded.set(same, same);
  encodedOf.set(id, same);
  return same;
}
function encode(id: StableId): string {`,
    ],
  ],
  // Texts for hashes are made when they are needed, and the cache of those that have a hash is smaller.
  "core/fact.ts": [
    [
      `    const parts = this.#outgoingParts.get(fromKey) ?? [];
    parts.push(\`\${fromKey}-[\${edge.kind}]->\${toKey}\`);
    this.#outgoingParts.set(fromKey, parts);
`,
      "",
    ],
    [
      "(this.#outgoingParts.get(key) ?? []).sort()",
      "(this.#outgoing.get(key) ?? []).map((edge) => `${key}-[${edge.kind}]->${encodeId(edge.to)}`).sort()",
    ],
  ],
  "core/hash.ts": [
    ["CANONICAL_CACHE_MAX_CHARS = 1 << 24", "CANONICAL_CACHE_MAX_CHARS = 1 << 20"],
    ['import { createHash } from "node:crypto";\n', `import { giveBackMemory } from ${MEMORY};\nlet hashes = 0;\n`],
    [
      'const hash = createHash("sha256").update(canonical).digest("hex");',
      'if (++hashes % 20_000 === 0) giveBackMemory();\n  const hash = Bun.SHA256.hash(canonical, "hex");',
    ],
  ],
  // What one phase leaves behind does not wait for what the next one does.
  "extract/extract.ts": [
    [
      'import type { Diagnostic } from "../core/diagnostic.ts";',
      `import type { Diagnostic } from "../core/diagnostic.ts";\nimport { giveBackMemory } from ${MEMORY};`,
    ],
    ["const pruned = pruneOrphanedSatellites(", "giveBackMemory();\n  const pruned = pruneOrphanedSatellites("],
  ],
  // Of what PostgreSQL comes with nothing is resolved, which is dropped later: its numbers are below FirstNormalObjectId
  // (access/transam.h). They are compared as another type, because there are no statistics of a new database's objects, and
  // PostgreSQL's planner would expect one row instead of thousands. In an order, because that of a plan follows it.
  "extract/dependencies.ts": [
    ...[
      ["WHERE d.deptype IN ('n', 'a')", "d.objid"],
      ["WHERE rc.relkind IN ('r','p','f','v','m','i','I','S')", "rc.oid"],
      ["WHERE att.attnum > 0 AND NOT att.attisdropped", "att.attrelid"],
      ["WHERE pp.prokind IN ('f','p','a','w')", "pp.oid"],
      ["WHERE base.typtype IN ('d', 'e', 'c', 'r')", "base.oid"],
    ].map(([condition, number]) => [condition!, `${condition} AND ${number}::int8 >= 16384`] as const),
    [
      "AND rr.objsubid = dep.refobjsubid`);",
      'AND rr.objsubid = dep.refobjsubid\n    ORDER BY rd.id::text COLLATE "C", rr.id::text COLLATE "C"`);',
    ],
  ],
  // Whether it is valid is said once, so that one that is not is validated and not made anew.
  ...Object.fromEntries(
    ["extract/relations.ts", "extract/types.ts"].map((file) => [
      file,
      [
        [
          "pg_get_constraintdef(con.oid) AS def",
          "regexp_replace(pg_get_constraintdef(con.oid), ' NOT VALID$', '') AS def",
        ],
      ],
    ]),
  ),
  // Each key is made once and not for each comparison.
  "plan/graph.ts": [
    [
      "const heap = new MinHeap(tieKeyOf);",
      `const keys = Array.from({ length: nodeCount }, (_, node) => tieKeyOf(node));
  giveBackMemory();
  const heap = new MinHeap((node) => keys[node] as string);`,
    ],
    ["class MinHeap {", `import { giveBackMemory } from ${MEMORY};\nclass MinHeap {`],
    ["const adjacency: number[][] =", "giveBackMemory();\n  const adjacency: number[][] ="],
    ["const seen = new Set<string>();", "const seen = new Set<number>();"],
    ["const key = `${u}>${v}`;", "const key = u * nodeCount + v;"],
    // Which actions wait for each other is said in more than words.
    [
      "  describe: (node: number) => string,\n): number[] {",
      "  describe: (node: number) => string,\n  subjects: readonly unknown[] = [],\n): number[] {",
    ],
    [
      "    throw new Error(\n      `dependency cycle among",
      "    throw Object.assign(new Error(\n      `dependency cycle among",
    ],
    ["${cyclePath}`,\n    );", "${cyclePath}`,\n    ), { cycle: [...inCycle].map((node) => subjects[node]) });"],
  ],
  // Types come before the tables that have columns of them, so that these are made whole.
  "plan/rules/types.ts": [
    ...["domain", "type", "typeAttribute", "collation"].map(
      (kind) => [`  ${kind}: {\n    weight: 7,`, `  ${kind}: {\n    weight: 3,`] as const,
    ),
    ['"__pgdelta_replaced"', '"_before"'],
    ["TYPE ${str(to)} CASCADE`,", "TYPE ${str(to)}${collateClause(fact)} CASCADE`,"],
    ['\n} from "./helpers.ts";', '\n  collateClause,\n} from "./helpers.ts";'],
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
    // Default privileges without FOR ROLE are those of the role that runs the statement.
    [
      "  let sql = `ALTER DEFAULT PRIVILEGES FOR ROLE ${qid(id.role)}`;",
      '  let sql = `ALTER DEFAULT PRIVILEGES${id._builder === true ? "" : ` FOR ROLE ${qid(id.role)}`}`;',
    ],
    [
      "export function defaultPrivilegeCreateActions(fact: Fact): ActionSpec[] {\n  const id = fact.id as {",
      'export function defaultPrivilegeCreateActions(fact: Fact): ActionSpec[] {\n  const id = { ...fact.id, _builder: p(fact, "_builder") } as {',
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
      "sql: `${target} TYPE ${str(to)}${collateClause(fact)}${usingCast}`,",
    ],
    [
      "if (desiredIdentity == null && !sourceGenerated) {",
      "if (desiredIdentity == null && !sourceGenerated && !keepsDefault) {",
    ],
    ["          if (desiredDefault) {\n", "          if (desiredDefault && !keepsDefault) {\n"],
    ["  columnClause,\n  columnRef,", "  collateClause,\n  columnClause,\n  columnRef,"],
  ],
  // What holds no rows yet is made without them.
  "plan/rules/views.ts": [
    [
      '`CREATE MATERIALIZED VIEW ${rel(id.schema, id.name)}${reloptionsWithClause(fact)} AS ${str(p(fact, "def"))}`,',
      '`CREATE MATERIALIZED VIEW ${rel(id.schema, id.name)}${reloptionsWithClause(fact)} AS ${str(p(fact, "def"))}`.trim().replace(/;$/, "") + (p(fact, "_unfilled") === true ? "\\nWITH NO DATA" : ""),',
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
  ],
  // PostgreSQL's own validator, which knows no options of wrappers, can only have come behind them, and maybe behind what is
  // made with the wrapper.
  "plan/rules/foreign.ts": [
    [
      'sql: `CREATE FOREIGN TABLE ${rel(id.schema, id.name)} () SERVER ${qid(str(p(fact, "server")))}${optionsClause((p(fact, "options") as string[]) ?? [])}`,',
      `...((table) => ({ sql: writeTable(table), table }))({
            head: \`CREATE FOREIGN TABLE \${rel(id.schema, id.name)}\`,
            elements: [],
            tail: \` SERVER \${qid(str(p(fact, "server")))}\${optionsClause((p(fact, "options") as string[]) ?? [])}\`,
          }),`,
    ],
    ["\nexport const ", `\nimport { writeTable } from ${MADE_TABLE};\nexport const `],
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
  // What a subscription does anyway goes without saying: servers before PostgreSQL 16 do not know all of it.
  "plan/rules/publications.ts": [
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
  // Unless it is changed to do without what goes.
  "plan/phases/replacement-expansion.ts": [
    [
      "if (!isRebuildable(dependent.id.kind)) continue;",
      `if (!isRebuildable(dependent.id.kind)) continue;
        if (dependent.id.kind === "extensionIntent" && removed.has(toKey) && setsByFact.has(fromKey)) continue;`,
    ],
  ],
  "plan/phases/action-graph.ts": [
    [
      'import { topoSort } from "../graph.ts";',
      `import { topoSort } from "../graph.ts";\nimport { giveBackMemory } from ${MEMORY};\nimport { sortReferencedFirst } from ${REFERENCED_FIRST};`,
    ],
    ["const edges = buildActionGraph(", "giveBackMemory();\n  const edges = buildActionGraph("],
    [
      "const order = topoSort(\n    actions.length,\n    edges,",
      "giveBackMemory();\n  const order = sortReferencedFirst(\n    topoSort,\n    actions,\n    desired,\n    edges,",
    ],
    ["(i) => (actions[i] as Action).sql,\n  );", "(i) => (actions[i] as Action).sql,\n    actions,\n  );"],
    ["const finalActions = compact", "giveBackMemory();\n  const finalActions = compact"],
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
  // Where nothing is dropped, no drop is too much; whoever runs a migration owns the schemas that it makes; default privileges are looked for once and not for each object.
  "plan/internal.ts": [
    [
      `target.sql = target.sql.endsWith("()")
      ? \`\${target.sql.slice(0, -2)}(\${hint.clause})\`
      : \`\${target.sql.slice(0, -1)}, \${hint.clause})\`;`,
      "if (!grown.has(target)) grown.set(target, [...target.table.elements]);\n    grown.get(target).push(hint.clause);",
    ],
    ["  const foldedPos = new Set<number>();", "  const foldedPos = new Set<number>();\n  const grown = new Map();"],
    [
      "  return foldedPos.size > 0\n    ? orderedActions.filter((_, pos) => !foldedPos.has(pos))",
      "  for (const [target, elements] of grown) {\n    target.table = { ...target.table, elements };\n    target.sql = writeTable(target.table);\n  }\n  return foldedPos.size > 0\n    ? orderedActions.filter((_, pos) => !foldedPos.has(pos))",
    ],
    [
      'import { ruleFlag } from "./rule-flags.ts";',
      `import { ruleFlag } from "./rule-flags.ts";\nimport { giveBackMemory } from ${MEMORY};\nimport { writeTable } from ${MADE_TABLE};`,
    ],
    [
      "if (createAction.sql !== schemaCreateSql(schemaName)) return;\n      createAction.sql = schemaCreateSql(schemaName, owner.name);",
      `const whereNotThere = desired.get(objId)?.payload._whereNotThere === true;
      if (createAction.sql !== schemaCreateSql(schemaName, undefined, whereNotThere)) return;
      const isBuilder = desired.get(owner)?.payload._builder === true;
      createAction.sql = schemaCreateSql(schemaName, isBuilder ? undefined : owner.name, whereNotThere);`,
    ],
    [
      '  return desired.facts().some((fact) => {\n    if (fact.id.kind !== "defaultPrivilege") return false;',
      "  return defaultPrivilegesOf(desired).some((fact) => {",
    ],
    [
      "function adpCustomizesObjtype(",
      `const defaultPrivileges = new WeakMap<FactBase, ReturnType<FactBase["facts"]>>();
export function defaultPrivilegesOf(facts: FactBase): ReturnType<FactBase["facts"]> {
  const known = defaultPrivileges.get(facts);
  if (known !== undefined) return known;
  const found = facts.facts().filter(({ id }) => id.kind === "defaultPrivilege");
  defaultPrivileges.set(facts, found);
  return found;
}
function adpCustomizesObjtype(`,
    ],
    [
      "  actions.forEach((action, index) => {\n    for (const id of action.releases) {",
      "  actions.forEach((action, index) => {\n    if (index % 20_000 === 0) giveBackMemory();\n    for (const id of action.releases) {",
    ],
    // Which rights a statement gives is not only said in its text.
    [
      "const dangling = (c: StableId): boolean =>\n    isAclId(c) && !producedAcl.has(encodeId(c));",
      "const dangling = (_: StableId): boolean => false;",
    ],
    [
      "    const origIndex = order[pos] as number;\n    const hint",
      "    const origIndex = order[pos] as number;\n    if (pos % 20_000 === 0) giveBackMemory();\n    const hint",
    ],
    [
      "  // first create that produces each id, with its sql + consume set\n",
      '  if (!actions.some(({ verb }) => verb === "drop")) return [...actions];\n',
    ],
  ],
  // Without renames, which are never asked for, both comparisons are the same.
  "plan/phases/change-set.ts": [
    [
      'import { diff, type Delta } from "../../core/diff.ts";',
      `import { diff, type Delta } from "../../core/diff.ts";\nimport { giveBackMemory } from ${MEMORY};`,
    ],
    ["const discoveryAllDeltas = diff(", "giveBackMemory();\n  const discoveryAllDeltas = diff("],
    [
      "const allDeltas = diff(source, desired);",
      `const allDeltas =
    source === physicalSource && desired === physicalDesired ? discoveryAllDeltas : diff(source, desired);`,
    ],
  ],
  // Nobody reads the audit, for which everything is compared once more.
  "plan/plan.ts": [["    projectionSuppressions,\n  );", "    [],\n  );"]],
  "plan/phases/action-emitter.ts": [
    [
      'import type { Delta } from "../../core/diff.ts";',
      `import type { Delta } from "../../core/diff.ts";\nimport { defaultPrivilegesOf } from "../internal.ts";\nimport { giveBackMemory } from ${MEMORY};`,
    ],
    ["for (const dp of projectedDesired.facts()) {", "for (const dp of defaultPrivilegesOf(projectedDesired)) {"],
    [
      "  const actions: Action[] = [];\n  const producerOf",
      "  giveBackMemory();\n  const actions: Action[] = [];\n  const producerOf",
    ],
    // A migration runs as another role than the one that built the files, which need not be there: whoever runs it owns what it
    // makes, as whoever builds does.
    ["sql: `${prefix} OWNER TO ${qid(roleName)}`,", "sql: `${prefix} OWNER TO ${ownerWord(desired, newRoleId)}`,"],
    [
      "sql: `${ownerAlterPrefix(fact)} OWNER TO ${qid(roleName)}`,",
      "sql: `${ownerAlterPrefix(fact)} OWNER TO ${ownerWord(projectedDesired, ownerEdge.to)}`,",
    ],
    // A text that was put together keeps its parts until it is looked into.
    [
      "export function emitActions(",
      `const ownerWord = (facts: FactBase, role: StableId): string =>
  facts.get(role)?.payload._builder === true ? "CURRENT_USER" : qid((role as { name: string }).name);
const NONE: StableId[] = [];
const withoutEnd = (text: string): string => text.trim().replace(/;$/, "");
const inOnePiece = (text: string): string => (text.indexOf("\\0") === 0 ? "" : text);
export function emitActions(`,
    ],
    [
      "    const index = actions.length;",
      "    const index = actions.length;\n    if (index % 20_000 === 0) giveBackMemory();",
    ],
    // PostgreSQL ends some definitions with a semicolon, and some with a line.
    [
      "sql: spec.sql,",
      "sql: inOnePiece(withoutEnd(spec.sql)),\n      ...(spec.table === undefined ? {} : { table: spec.table }),\n      ...(spec.element === undefined ? {} : { element: spec.element }),",
    ],
    ["releases: spec.releases ?? [],", "releases: spec.releases ?? NONE,"],
    ["      destroys,\n      releases", "      destroys: destroys.length === 0 ? NONE : destroys,\n      releases"],
    [
      "foldHints[index] = spec.compaction;",
      "if (spec.compaction !== undefined) inOnePiece(spec.compaction.clause);\n    foldHints[index] = spec.compaction;",
    ],
  ],
};

/**
 * Alters pg-delta where it is compiled and where it is tested, and fails where a text that it replaces has changed.
 * The planner holds the same texts many times over, and makes some of them anew whenever it compares two: for thousands of
 * tables that is most of a command's memory. What it plans stays the same.
 */
export const patchPlanner: Bun.BunPlugin = {
  name: "patch-planner",
  setup(build) {
    build.onLoad({ filter: /[/\\]pg-delta[/\\]src[/\\].*\.ts$/ }, async ({ path }) => {
      let contents = await readFile(path, "utf8");
      const file = path.replaceAll("\\", "/").split("/pg-delta/src/")[1]!;
      for (const [from, to] of CHANGES[file] ?? []) {
        if (contents.split(from).length !== 2)
          throw new Error(`${path} has changed: what patch-planner replaces in it is not there once`);
        contents = contents.replace(from, () => to);
      }
      // Comments in queries hold signs that not every database has in its encoding.
      if (file.startsWith("extract/")) contents = contents.replaceAll(/[^ -~\n]/g, "?");
      return { contents, loader: "ts" };
    });
  },
};
