import { type Changes, engine } from "./changes.ts";

const MEMORY = engine("memory.ts");
const MADE_TABLE = engine("made-table.ts");
const REFERENCED_FIRST = engine("referenced-first.ts");

/**
 * How pg-delta reads, compares and plans. It holds the same texts many times over, and makes some of them anew whenever it compares
 * two: for thousands of tables that is most of a command's memory.
 */
export const PLANNING: Changes = {
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
    // An inherited column is that of the table that declares it.
    [
      `             json_build_object('kind','column','schema',rn.nspname,
                               'table',rc.relname,'name',att.attname) AS id
      FROM pg_attribute att
      JOIN pg_class rc ON rc.oid = att.attrelid AND rc.relkind IN ('r','p','f')
      JOIN pg_namespace rn ON rn.oid = rc.relnamespace`,
      `             json_build_object('kind','column','schema',rn.nspname,
                               'table',rc.relname,'name',att.attname) AS id
      FROM pg_attribute att
      JOIN pg_class rc ON rc.relkind IN ('r','p','f') AND rc.oid = CASE WHEN att.attislocal THEN att.attrelid ELSE COALESCE((
        SELECT i.inhparent FROM pg_inherits i
        JOIN pg_attribute up ON up.attrelid = i.inhparent AND up.attname = att.attname AND NOT up.attisdropped AND up.attislocal
        WHERE i.inhrelid = att.attrelid LIMIT 1), (
        WITH RECURSIVE above (oid, islocal) AS (
          SELECT att.attrelid, false
          UNION ALL
          SELECT i.inhparent, up.attislocal
          FROM above JOIN pg_inherits i ON i.inhrelid = above.oid AND NOT above.islocal
          JOIN pg_attribute up ON up.attrelid = i.inhparent AND up.attname = att.attname AND NOT up.attisdropped)
        SELECT oid FROM above WHERE islocal LIMIT 1)) END
      JOIN pg_namespace rn ON rn.oid = rc.relnamespace`,
    ],
    [
      "AND rr.objsubid = dep.refobjsubid`);",
      'AND rr.objsubid = dep.refobjsubid\n    ORDER BY rd.id::text COLLATE "C", rr.id::text COLLATE "C"`);',
    ],
  ],
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
  // Where nothing is dropped, no drop is too much; whoever runs a migration owns the schemas that it makes; default privileges
  // are looked for once and not for each object; columns and constraints that go into a table are parts of it.
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
    // What the statement of a table that is made anew says of a column is not said again.
    [
      "        if (producerOf.has(childKey)) {\n          recreate(child.id);",
      "        if (producerOf.has(childKey)) {\n          recreatedByReplace.add(childKey);\n          recreate(child.id);",
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
      "sql: inOnePiece(withoutEnd(spec.sql)),\n      ...(spec.table === undefined ? {} : { table: spec.table }),\n      ...(spec.element === undefined ? {} : { element: spec.element }),\n      ...(spec.otherwise === undefined ? {} : { otherwise: spec.otherwise }),",
    ],
    ["releases: spec.releases ?? [],", "releases: spec.releases ?? NONE,"],
    ["      destroys,\n      releases", "      destroys: destroys.length === 0 ? NONE : destroys,\n      releases"],
    [
      "foldHints[index] = spec.compaction;",
      "if (spec.compaction !== undefined) inOnePiece(spec.compaction.clause);\n    foldHints[index] = spec.compaction;",
    ],
  ],
};
