import { quoteIdentifier, quoteLiteral } from "#sql/quote.ts";
import { type Inside, PARTIAL, type Transform } from "./transform.ts";

export const hstore: Transform = {
  name: "hstore",
  summary: "Values of an hstore by key, as `json`: `keep` lists the keys that stay, every other one is left out.",
  result: '"theme"=>"dark", "email"=>"u3f9ac0b1e2d4a5b6@example.com"',
  examples: ["{ hstore: { email: email }, keep: [theme] }"],
  takes: ["hstore"],
  make(options, subject) {
    const rules = Array.from(options.map(), ([key, at]) => [key, subject.nested(at, key), at.keyOffset] as const);
    const keptKeys = subject.keep?.list() ?? [];
    const kept = keptKeys.map((key) => key.text());
    if (rules.length + kept.length === 0) throw options.fail("At least one key has to be here");
    const schema = quoteIdentifier(subject.typeSchema);
    const inside = rules.flatMap(([key, { replaced }, offset]): Inside[] =>
      replaced === undefined
        ? []
        : [
            {
              path: key,
              offset,
              ...replaced,
              values: (value) => `select ${value} operator(${schema}.->) ${quoteLiteral(key)}::pg_catalog.text, ''`,
            },
          ],
    );
    const staying = [
      ...rules.flatMap(([key, { kept: stays }, offset]) => (stays ? [[key, offset] as const] : [])),
      ...keptKeys.map((key) => [key.text(), key.offset] as const),
    ];
    const keys = [...rules.map(([key]) => key), ...kept].map(quoteLiteral).join(", ");
    return {
      inside,
      unruled: (value) =>
        `SELECT '' AS path, k.key FROM ${schema}.skeys(${value}) k (key) WHERE k.key NOT IN (${keys})`,
      kept: staying.map(([key, offset]) => ({
        path: key,
        offset,
        values: (value) => `select '', '' where ${value} operator(${schema}.?) ${quoteLiteral(key)}::pg_catalog.text`,
      })),
      class: "lossy",
      proof: PARTIAL,
      maxLength: "original",
      expression: (value, keyed) => {
        const branches = [
          ...rules.map(
            ([key, rule]) =>
              `WHEN ${quoteLiteral(key)} THEN ${rule.kept ? "e.value" : rule.expression("e.value", keyed)}`,
          ),
          ...kept.map((key) => `WHEN ${quoteLiteral(key)} THEN e.value`),
        ];
        return `(SELECT coalesce((SELECT ${schema}.hstore(array_agg(e.key), array_agg(CASE e.key ${branches.join(" ")} END))
      FROM ${schema}.each(d.v) e WHERE e.key IN (${keys})), ''::${schema}.hstore) FROM (SELECT ${value} AS v OFFSET 0) d WHERE d.v IS NOT NULL)`;
      },
    };
  },
};
