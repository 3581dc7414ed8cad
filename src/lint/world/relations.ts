import type { RangeVar } from "#sql/parser.ts";
import { isTemporary } from "../syntax.ts";
import type { Relation } from "./relation.ts";

/** A name as a statement writes it. */
export type Name = Pick<RangeVar, "schemaname" | "relname">;

/** Tables, views and indexes by name. */
export class Relations {
  /** A number for each file, counting up. */
  here = 0;
  readonly all = new Map<string, Relation>();
  /** The schemas in which names without one are looked up. */
  path: readonly string[] = ["public"];

  /** What a name stands for; what is not there is in the schema in which it would be made. */
  keyOf(range: Name | undefined): string {
    const name = range?.relname ?? "";
    if (range?.schemaname !== undefined) return `${range.schemaname}.${name}`;
    return this.path.map((schema) => `${schema}.${name}`).find((key) => this.all.has(key)) ?? this.#newKey(name);
  }

  find(range: Name | undefined): Relation | undefined {
    return this.all.get(this.keyOf(range)) ?? this.#temporary(range);
  }

  /** A name as DROP and COMMENT write it: a list of its parts. */
  findByParts(parts: readonly string[]): Relation | undefined {
    return this.find(rangeOf(parts));
  }

  indexesOf(key: string): Relation[] {
    return [...this.all.values()].filter(({ index }) => index?.table === key);
  }

  /** Notes what a statement makes. */
  make(
    range: RangeVar | undefined,
    kind: Relation["kind"],
    more: Partial<Pick<Relation, "complete" | "partitioned" | "index" | "rowSecurity">>,
  ): void {
    if (range?.relname === undefined) return;
    const temporary = isTemporary(range);
    const schema = temporary ? "pg_temp" : (range.schemaname ?? this.#newSchema());
    this.all.set(`${schema}.${range.relname}`, {
      schema,
      name: range.relname,
      kind,
      made: this.here,
      temporary,
      complete: false,
      partitioned: false,
      columns: new Map(),
      constraints: new Map(),
      rowSecurity: undefined,
      policies: new Map(),
      ...more,
    });
  }

  /** Notes a table that is there and was not seen to be made. */
  meet(range: RangeVar): void {
    const here = this.here;
    this.here = -1;
    this.make(range, "table", {});
    this.here = here;
  }

  /** Forgets a relation and its indexes. */
  remove(relation: Relation): void {
    this.all.delete(`${relation.schema}.${relation.name}`);
    this.removeIndexes(relation, () => true);
  }

  removeIndexes(table: Relation, which: (index: Relation) => boolean): void {
    for (const index of this.indexesOf(`${table.schema}.${table.name}`)) {
      if (which(index)) this.all.delete(`${index.schema}.${index.name}`);
    }
  }

  /** Gives a relation another name or schema. */
  move(relation: Relation, schema: string, name: string): void {
    const old = `${relation.schema}.${relation.name}`;
    const key = `${schema}.${name}`;
    this.all.delete(old);
    this.all.set(key, { ...relation, schema, name });
    for (const { index } of this.indexesOf(old)) if (index !== undefined) index.table = key;
  }

  #newSchema(): string {
    return this.path[0] ?? "public";
  }

  #newKey(name: string): string {
    return `${this.#newSchema()}.${name}`;
  }

  #temporary(range: Name | undefined): Relation | undefined {
    return range?.schemaname === undefined ? this.all.get(`pg_temp.${range?.relname ?? ""}`) : undefined;
  }
}

/** The last two parts of a name. */
export function rangeOf(parts: readonly string[]): RangeVar {
  const [schemaname, relname] = [parts.at(-2), parts.at(-1) ?? ""];
  return schemaname === undefined ? { relname } : { schemaname, relname };
}
