import type { Fact, Facts } from "../engine/facts.ts";
import { columnsOf, isOfSameType, parentTable, textOf, withoutObjects, withPayloads } from "../engine/lookups.ts";
import { losesValues } from "./aside.ts";
import { isMadeAnew } from "./moves.ts";

/** No column that rows are distributed by changes its type: its table is made anew. */
export function withKeysApart(from: Facts, to: Facts): Facts {
  const isApart = ({ id }: Fact): boolean => {
    const key = id.kind === "table" ? textOf(from, id, "partitionKey") : undefined;
    if (key === undefined || !to.has(id)) return false;
    const [names, wanted] = [namesIn(key), columnsOf(id, to)];
    return [...columnsOf(id, from)].some(([name, column]) => {
      const after = wanted.get(name);
      if (after === undefined || !names.has(name)) return false;
      return !isOfSameType(column, after) || losesValues(column.type, from, to);
    });
  };
  return withPayloads(from, isApart, { partitionKey: "" });
}

/**
 * Without partitions that are made anew because of their own key, and what is below them: their columns change with those of the
 * parent, so that they have to be gone until that is done. The next round makes them.
 */
export function withoutKeyedPartitions(from: Facts, to: Facts): Facts {
  const remade = withKeysApart(from, to);
  const isKeyed = (table: Named): boolean => isMadeAnew(table, remade, to) && !isMadeAnew(table, from, to);
  const waits = (table: Named): boolean => {
    const parent = parentTable(to, { kind: "table", ...table });
    return parent !== undefined && (waits(parent) || (isKeyed(table) && !isMadeAnew(parent, remade, to)));
  };
  const waiting = to.facts().flatMap(({ id }) => {
    return id.kind === "table" && waits({ schema: id.schema, name: id.name }) ? [id] : [];
  });
  return waiting.length === 0 ? to : withoutObjects(to, waiting);
}

interface Named {
  readonly schema: string;
  readonly name: string;
}

/** Every name in an expression, as it is stored. */
function namesIn(expression: string): ReadonlySet<string> {
  return new Set(
    [...expression.matchAll(/"((?:[^"]|"")+)"|\w+/g)].map(([word, name]) => name?.replaceAll('""', '"') ?? word),
  );
}
