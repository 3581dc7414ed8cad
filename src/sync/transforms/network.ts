import { Options } from "./options.ts";
import { PARTIAL, type Transform } from "./transform.ts";

export const network: Transform = {
  name: "network",
  summary: "The network of an address: the first 24 bits of IPv4 and 48 of IPv6, or as many as `v4` and `v6` say.",
  result: "203.0.113.0/24",
  examples: ["network", "{ network: { v4: 16, v6: 32 } }"],
  takes: ["network"],
  make(options, { baseType }) {
    const map = options.map(["v4", "v6"]);
    const v4 = Options.numberOf(map, "v4", 24, 0, 32);
    const v6 = Options.numberOf(map, "v6", 48, 0, 128);
    return {
      class: "lossy",
      proof: PARTIAL,
      mayBeResult: (text) => {
        const inet = `${text}::pg_catalog.inet`;
        const most = `case pg_catalog.family(${inet}) when 4 then ${v4} else ${v6} end`;
        return `(pg_catalog.masklen(${inet}) operator(pg_catalog.<=) ${most} and pg_catalog.host(${inet}) operator(pg_catalog.=) pg_catalog.host(pg_catalog.network(${inet})))`;
      },
      maxLength: "original",
      expression: (value) =>
        `network(set_masklen(${value}::inet, least(masklen(${value}), CASE family(${value}) WHEN 4 THEN ${v4} ELSE ${v6} END)))::${baseType}`,
    };
  },
};
