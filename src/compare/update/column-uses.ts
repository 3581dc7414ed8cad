import type { Alias, ColumnRef, RangeVar, SelectStmt, WithClause } from "libpg-query";
import { inside, type Node, strings } from "#sql/parser.ts";
import { impliedName } from "./implied-name.ts";

/** What a table, or a query in its place, has under a column's name: that column, another one, nothing, or nobody knows. */
export type Holding = "it" | "other" | "none" | "unknown";

/** Where a statement has the name of the column, and whether it is that of the column there. */
export interface ColumnUse {
  /** In bytes of the statement, where the words begin of which the name is the last. */
  readonly location: number;
  /** How many words these are: `name`, `users.name`. */
  readonly parts: number;
  readonly isIt: boolean;
}

/** What names of columns are looked for in. */
export interface Source {
  readonly name: string | undefined;
  readonly schema?: string | undefined;
  readonly holding: Holding;
  /** Whether its columns are only found with its name before them, as those of `new` are. */
  readonly isNamed?: true;
}

/** Queries outside come behind those inside. */
interface Scopes {
  readonly sources: readonly (readonly Source[])[];
  /** By their names. */
  readonly ctes: ReadonlyMap<string, Holding>;
}

/** Lays the names in a statement beside what is in its FROM clauses, as PostgreSQL does. */
export class ColumnUses {
  readonly #name: string;
  readonly #holdingOf: (table: RangeVar) => Holding;
  readonly #uses: ColumnUse[] = [];
  #isDecided = true;

  /**
   * @param name the column's
   * @param holdingOf what a table or view has under this name
   */
  constructor(name: string, holdingOf: (table: RangeVar) => Holding) {
    this.#name = name;
    this.#holdingOf = holdingOf;
  }

  /**
   * Those of which it is known whether they are the column; undefined where columns are merged that have its name (USING).
   * @param around what names of columns stand for outside of queries; undefined where that is not known
   */
  read(node: Node, around: readonly Source[] | undefined): readonly ColumnUse[] | undefined {
    this.#walk(node, { sources: around === undefined ? [] : [around], ctes: new Map() });
    return this.#isDecided ? this.#uses : undefined;
  }

  /** What a query returns under the name, if each of its columns keeps the name that it has. */
  returned(query: Node | undefined, scopes: Scopes = { sources: [], ctes: new Map() }): Holding {
    const { targets, sources } = this.#returning(query, scopes) ?? {};
    if (targets === undefined || sources === undefined) return "unknown";
    return together(
      targets.map((each) => {
        const { name, val } = inside(each, "ResTarget") ?? {};
        const fields = inside(val, "ColumnRef")?.fields ?? [];
        if (inside(fields.at(-1), "A_Star") === undefined)
          return (name ?? impliedName(val)?.name) === this.#name ? "other" : "none";
        const [of] = strings(fields).slice(-1);
        return together(
          sources.filter((source) => of === undefined || source.name === of).map(({ holding }) => holding),
        );
      }),
    );
  }

  #returning(
    query: Node | undefined,
    scopes: Scopes,
  ): { readonly targets: readonly Node[]; readonly sources: readonly Source[] } | undefined {
    const select = leftmost(inside(query, "SelectStmt"));
    if (select !== undefined) {
      const within = { ...scopes, ctes: this.#ctes(select.withClause, scopes) };
      return { targets: select.targetList ?? [], sources: this.#sources(select.fromClause, within) };
    }
    const written = inside(query, "InsertStmt") ?? inside(query, "UpdateStmt") ?? inside(query, "DeleteStmt");
    if (written?.relation === undefined) return undefined;
    const from = "fromClause" in written ? written.fromClause : undefined;
    const sources = this.#sources([{ RangeVar: written.relation }, ...(from ?? [])], scopes);
    return { targets: written.returningClause?.exprs ?? [], sources };
  }

  #walk(part: unknown, scopes: Scopes): void {
    if (Array.isArray(part)) for (const each of part as readonly unknown[]) this.#walk(each, scopes);
    if (typeof part !== "object" || part === null || Array.isArray(part)) return;
    const node = part as Node;
    const column = inside(node, "ColumnRef");
    const select = inside(node, "SelectStmt");
    const insert = inside(node, "InsertStmt");
    const written = insert ?? inside(node, "UpdateStmt") ?? inside(node, "DeleteStmt") ?? inside(node, "MergeStmt");
    const published = inside(node, "PublicationTable");
    if (column !== undefined) this.#note(column, scopes);
    else if (select !== undefined) this.#select(select, scopes);
    else if (written !== undefined) this.#write(written, insert !== undefined, scopes);
    else if (published?.relation !== undefined)
      this.#walk(published.whereClause, inner(scopes, this.#sources([{ RangeVar: published.relation }], scopes)));
    else for (const each of Object.values(node)) this.#walk(each, scopes);
  }

  #select(select: SelectStmt, outer: Scopes): void {
    const { larg, rarg, withClause, sortClause, distinctClause, ...rest } = select;
    const scopes = this.#walkCtes(withClause, outer);
    if (larg !== undefined && rarg !== undefined) {
      this.#select(larg, scopes);
      this.#select(rarg, scopes);
    }
    const isSet = larg !== undefined;
    const own = inner(scopes, this.#sources(select.fromClause, scopes));
    // Names that a query returns stay, and come first there.
    const isReturned =
      isSet || (select.targetList ?? []).some((each) => this.#isNamed(inside(each, "ResTarget") ?? {}));
    for (const each of [...(sortClause ?? []), ...(distinctClause ?? [])]) {
      const expression = inside(each, "SortBy")?.node ?? each;
      const column = inside(expression, "ColumnRef");
      if (isReturned && column?.fields?.length === 1) this.#found(column, false);
      else this.#walk(expression, own);
    }
    this.#walk(Object.values(rest), own);
  }

  #isNamed({ name, val }: { readonly name?: string; readonly val?: Node }): boolean {
    return (name ?? impliedName(val)?.name) === this.#name;
  }

  /** INSERT, UPDATE, DELETE and MERGE, inside of functions and rules. */
  #write(
    written: { readonly relation?: RangeVar; readonly withClause?: WithClause } & object,
    isInsert: boolean,
    outer: Scopes,
  ): void {
    const { relation, withClause, ...rest } = written;
    const scopes = this.#walkCtes(withClause, outer);
    if (relation === undefined) return;
    const target = this.#sources([{ RangeVar: relation }], scopes)[0]!;
    const from = ["fromClause", "usingClause", "sourceRelation"].flatMap(
      (each) => (rest as Record<string, Node>)[each] ?? [],
    );
    // In RETURNING and MERGE, and in ON CONFLICT.
    const rows = ["new", "old", "excluded"].map((name) => ({ name, holding: target.holding, isNamed: true as const }));
    const own = inner(
      inner(
        scopes,
        rows.filter(({ name }) => isInsert || name !== "excluded"),
      ),
      [target, ...this.#sources(from, scopes)],
    );
    for (const [key, part] of Object.entries(rest)) {
      this.#assigned(part, target.holding);
      // A query whose rows are inserted knows nothing of where they go.
      this.#walk(part, isInsert && key === "selectStmt" ? scopes : own);
    }
  }

  /** Columns of the target, which have no words before them. */
  #assigned(part: unknown, holding: Holding): void {
    if (holding === "unknown" || typeof part !== "object" || part === null) return;
    const items = Array.isArray(part) ? (part as readonly Node[]) : [];
    for (const each of items) {
      const { name, location } = inside(each, "ResTarget") ?? {};
      if (name === this.#name && location !== undefined)
        this.#uses.push({ location, parts: 1, isIt: holding === "it" });
      this.#assigned(inside(each, "MergeWhenClause")?.targetList, holding);
    }
    if ("targetList" in part) this.#assigned(part.targetList, holding);
  }

  #walkCtes(clause: WithClause | undefined, scopes: Scopes): Scopes {
    const within = { ...scopes, ctes: this.#ctes(clause, scopes) };
    for (const each of clause?.ctes ?? []) this.#walk(inside(each, "CommonTableExpr")?.ctequery, within);
    return within;
  }

  #ctes(clause: WithClause | undefined, scopes: Scopes): ReadonlyMap<string, Holding> {
    const ctes = new Map(scopes.ctes);
    for (const each of clause?.ctes ?? []) {
      const { ctename = "", aliascolnames, ctequery } = inside(each, "CommonTableExpr") ?? {};
      ctes.set(ctename, this.#named(aliascolnames, this.returned(ctequery, { ...scopes, ctes })));
    }
    return ctes;
  }

  #sources(from: readonly Node[] | undefined, scopes: Scopes): readonly Source[] {
    return (from ?? []).flatMap((node): readonly Source[] => {
      const table = inside(node, "RangeVar");
      if (table !== undefined) {
        const cte = table.schemaname === undefined ? scopes.ctes.get(table.relname ?? "") : undefined;
        const holding = this.#named(table.alias?.colnames, cte ?? this.#holdingOf(table));
        return [{ name: table.alias?.aliasname ?? table.relname, schema: table.schemaname, holding }];
      }
      const query = inside(node, "RangeSubselect");
      if (query !== undefined) return [this.#aliased(query.alias, this.returned(query.subquery, scopes))];
      const join = inside(node, "JoinExpr");
      if (join !== undefined) {
        if (join.isNatural === true || strings(join.usingClause).includes(this.#name)) this.#isDecided = false;
        const both = this.#sources(
          [join.larg, join.rarg].flatMap((each) => each ?? []),
          scopes,
        );
        const all =
          join.alias === undefined ? [] : [this.#aliased(join.alias, together(both.map(({ holding }) => holding)))];
        return [...both, ...all];
      }
      const call = inside(node, "RangeFunction");
      const columns = (call?.coldeflist ?? []).map((each) => inside(each, "ColumnDef")?.colname);
      const isNamed = call?.alias?.aliasname === this.#name || columns.includes(this.#name);
      const of = call?.alias ?? inside(node, "RangeTableFunc")?.alias ?? inside(node, "JsonTable")?.alias;
      return [this.#aliased(of, isNamed ? "other" : columns.length > 0 ? "none" : "unknown")];
    });
  }

  #aliased(alias: Alias | undefined, holding: Holding): Source {
    return { name: alias?.aliasname, holding: this.#named(alias?.colnames, holding) };
  }

  /** Where columns are given other names; the list may end before the last of them. */
  #named(names: readonly Node[] | undefined, holding: Holding): Holding {
    if (names === undefined || names.length === 0) return holding;
    return strings(names).includes(this.#name) ? "other" : holding === "none" ? "none" : "unknown";
  }

  #note(column: ColumnRef, scopes: Scopes): void {
    const isIt = this.#isIt(column, scopes);
    if (isIt !== undefined) this.#found(column, isIt);
  }

  #found({ fields = [], location }: ColumnRef, isIt: boolean): void {
    const names = strings(fields);
    if (names.at(-1) !== this.#name || names.length !== fields.length || location === undefined) return;
    this.#uses.push({ location, parts: names.length, isIt });
  }

  #isIt({ fields }: ColumnRef, { sources }: Scopes): boolean | undefined {
    const [of, schema] = strings(fields).toReversed().slice(1);
    const isOf = (source: Source): boolean =>
      source.name === of && (schema === undefined || source.schema === undefined || source.schema === schema);
    for (const all of sources) {
      const meant = all.filter((source) => (of === undefined ? source.isNamed !== true : isOf(source)));
      const holding = together(meant.map((source) => source.holding));
      if (of === undefined ? holding !== "none" : meant.length > 0)
        return holding === "unknown" ? undefined : holding === "it";
    }
    return of === undefined && sources.length > 0 ? false : undefined;
  }
}

function inner({ sources, ctes }: Scopes, own: readonly Source[]): Scopes {
  return { sources: [own, ...sources], ctes };
}

/** What several have between them: two columns of one name cannot be told apart. */
function together(holdings: readonly Holding[]): Holding {
  const [it, other] = [holdings.includes("it"), holdings.includes("other")];
  if (it || other) return it && other ? "unknown" : it ? "it" : "other";
  return holdings.includes("unknown") ? "unknown" : "none";
}

/** The query that names the columns of a UNION. */
function leftmost(select: SelectStmt | undefined): SelectStmt | undefined {
  return select?.larg === undefined ? select : leftmost(select.larg);
}
