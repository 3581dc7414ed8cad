import { nearest } from "#errors/suggest.ts";
import { quoteIdentifier } from "#sql/quote.ts";
import type { SourceColumn, SourceTable } from "../source/catalogue.ts";
import { Options, RuleProblem } from "../transforms/options.ts";
import { familyOf, fittingNames } from "../transforms/registry.ts";
import { FAULTY, KEPT, type Nested, type Subject } from "../transforms/transform.ts";
import { decideFor, decideInside } from "./advice.ts";
import { columnNamed, type Names, shownTable } from "./names.ts";
import { keyOf, personOf } from "./person.ts";
import { endOf, type Reference } from "./references.ts";
import { type ColumnRule, type Place, type Problem, type Several, type TableRule } from "./rules.ts";
import { inSchema } from "./schemas.ts";
import type { Transformed, Treatment } from "./treatment.ts";
import { unknownColumn } from "./unknown-column.ts";
import { yamlKey } from "./yaml-key.ts";
import { inside, notInside, readRule } from "./written-treatment.ts";

/** A rule that is still to be laid beside its column. */
interface Explicit {
  readonly rule: ColumnRule;
  readonly table: SourceTable;
  readonly column: SourceColumn;
}

/** Says what becomes of each column. Foreign keys without a rule have that of their key, where it is transformed. */
export class Treatments {
  readonly problems: Problem[] = [];
  readonly #explicit = new Map<SourceColumn, Explicit>();
  readonly #known = new Map<SourceColumn, Treatment | undefined>();
  readonly #open = new Set<SourceColumn>();
  readonly #names: Names;
  readonly #references: readonly Reference[];

  constructor(names: Names, references: readonly Reference[]) {
    this.#names = names;
    this.#references = references;
  }

  /** Takes the rules of a table, and says which name no column of it, or one column twice. */
  add(table: SourceTable, { columns }: TableRule): void {
    const seen = new Map<SourceColumn, ColumnRule>();
    for (const rule of columns) {
      const column = columnNamed(table, rule.column);
      const about = { table: shownTable(table), column: rule.column, place: rule.place };
      if (column === undefined) {
        this.problems.push(unknownColumn(table, rule, this.#names));
      } else if (column.generated) {
        const message = `The column ${about.table}.${column.name} is generated: the target computes it`;
        this.#problem("generated-column", message, "Remove the rule", about);
      } else if (seen.has(column)) {
        const first = seen.get(column)!.place;
        const message = `The column ${about.table}.${column.name} has two rules; the first is in line ${first.file.location(first.offset).line}`;
        this.#problem("duplicate-rule", message, "Remove one of them", about);
      } else {
        seen.set(column, rule);
        this.#explicit.set(column, { rule, table, column });
      }
    }
  }

  /** Whether the rules say something of the column itself. */
  hasRule(column: SourceColumn): boolean {
    return this.#explicit.has(column);
  }

  /** Whether the column, or a key that it follows, has a rule that says nothing. */
  isFaulty(column: SourceColumn, seen: ReadonlySet<SourceColumn> = new Set()): boolean {
    if (seen.has(column) || this.of(column) !== undefined) return false;
    const all = new Set([...seen, column]);
    return this.hasRule(column) || this.#keysOf(column).some((key) => this.isFaulty(key, all));
  }

  /** What becomes of a column; undefined where no rule says it, or one that cannot be. */
  of(column: SourceColumn): Treatment | undefined {
    if (this.#known.has(column)) return this.#known.get(column);
    // A key that refers to itself, or two that refer to each other.
    if (this.#open.has(column)) return undefined;
    this.#open.add(column);
    const explicit = this.#explicit.get(column);
    const treatment = explicit === undefined ? this.#followed(column) : this.#read(explicit);
    this.#open.delete(column);
    this.#known.set(column, treatment);
    return treatment;
  }

  #followed(column: SourceColumn): Treatment | undefined {
    for (const key of this.#keysOf(column)) {
      const treatment = this.of(key);
      if (treatment?.kind === "transform") return treatment;
    }
    return undefined;
  }

  /** The key whose rule a column without one follows, as rules name it. */
  followed(column: SourceColumn): string | undefined {
    if (this.hasRule(column)) return undefined;
    for (const { to, fromColumns, toColumns, where } of this.#references) {
      const key = where === undefined ? toColumns[fromColumns.indexOf(column)] : undefined;
      if (key !== undefined && this.of(key)?.kind === "transform") return `${shownTable(to)}.${key.name}`;
    }
    return undefined;
  }

  /** What every value of the column refers to. */
  #keysOf(column: SourceColumn): SourceColumn[] {
    return this.#references.flatMap(({ fromColumns, toColumns, where }) => {
      const at = fromColumns.indexOf(column);
      return at < 0 || where !== undefined ? [] : [toColumns[at]!];
    });
  }

  #read(explicit: Explicit): Treatment | undefined {
    const { node, place } = explicit.rule;
    if (node === undefined) return { kind: "keep", place, isListed: true };
    try {
      return this.#rule(new Options(node, place.offset), explicit);
    } catch (error) {
      this.#tell(error, explicit);
      return undefined;
    }
  }

  /** @throws what is no fault of a rule */
  #tell(error: unknown, { rule: { place }, table, column }: Explicit, within?: { readonly path: string }): void {
    if (!(error instanceof RuleProblem)) throw error;
    const { rule, message, fix, because, offset } = error;
    const about = { table: shownTable(table), column: column.name, place: { file: place.file, offset } };
    this.problems.push({ rule, message, fix, ...about, ...within, because });
  }

  #rule(options: Options, explicit: Explicit): Treatment | undefined {
    const { rule, table, column } = explicit;
    const { place } = rule;
    let isWhole = true;
    const written = readRule(
      options,
      `${shownTable(table)}.${column.name}`,
      decideFor(table, column, this.#references, place.file.location(options.offset).sourceLine),
    );
    if (written.kind === "keep") return { kind: "keep", place };
    if (written.kind === "as") return this.#as(written.options, column, rule);
    const { transform, domain = `${table.schema}.${table.name}.${column.name}` } = written;
    const family = familyOf(column);
    const elements = column.isArray && transform.takes !== "any";
    if (transform.takes !== "any" && !transform.takes.includes(family)) {
      throw options.fail(
        `\`${transform.name}\` does not take values of type ${column.type}`,
        `For this type: ${[...fittingNames(column), "value", "expr"].join(", ")}`,
        "wrong-type",
      );
    }
    const person = personOf(this.#references, table);
    const subject: Subject = {
      family,
      baseType: column.baseType,
      typeSchema: column.typeSchema,
      length: elements ? null : column.length,
      keep: written.keep,
      keepsKeys: written.keepsKeys,
      person: yamlKey(person ?? "user_id"),
      row: yamlKey(person ?? keyOf(table) ?? "user_id"),
      nested: (inner, path) => {
        try {
          const of = `${shownTable(table)}.${column.name}`;
          return this.#nested(inner, { domain: `${domain}#${path}`, of, path }, rule.several);
        } catch (error) {
          // Each path of a document has a rule of its own.
          this.#tell(error, explicit, { path });
          isWhole = false;
          return FAULTY;
        }
      },
      transformed: (at, name) => this.#transformed(at, table, name, column),
      original: (at, name) => this.#original(at, table, name),
    };
    const made = transform.make(written.options, subject);
    if (!isWhole) return undefined;
    return { kind: "transform", transform, made, domain, place, file: place.file, origin: {}, elements };
  }

  #as(options: Options, column: SourceColumn, { several, place }: ColumnRule): Transformed {
    const text = inSchema(options.text(), several);
    const other = this.#names.column(text);
    if (other === undefined)
      throw options.fail(`There is no column "${text}"`, this.#names.suggestColumn(text), "unknown-column");
    if (other.column === column) throw options.fail("A column cannot be like itself");
    const treatment = this.of(other.column);
    if (treatment === undefined) throw this.#unknown(options, text, other);
    if (treatment.kind === "keep") throw likeKept(options, text, "column");
    if (treatment.transform.takes !== "any" && !treatment.transform.takes.includes(familyOf(column))) {
      throw options.fail(
        `\`${treatment.transform.name}\`, as ${text} has, does not take values of type ${column.type}`,
        undefined,
        "wrong-type",
      );
    }
    return { ...treatment, place, elements: column.isArray && treatment.transform.takes !== "any" };
  }

  /** A column that another is to be like has no treatment: for want of a rule, or because that one is faulty. */
  #unknown(
    { offset }: Options,
    text: string,
    { table, column }: { readonly table: SourceTable; readonly column: SourceColumn },
  ): RuleProblem {
    const fix = `Give ${text} a transform`;
    if (this.#open.has(column)) return new RuleProblem(offset, `${text} is to be like this column itself`, fix);
    const because = { table: shownTable(table), column: column.name };
    return new RuleProblem(offset, `No rule says what becomes of ${text}`, fix, undefined, because);
  }

  #nested(
    options: Options,
    { domain, of, path }: { readonly domain: string; readonly of: string; readonly path: string },
    several: Several | undefined,
  ): Nested {
    const written = readRule(options, `${of} ${path}`, decideInside(path));
    if (written.kind === "keep") return KEPT;
    if (written.kind === "as") {
      const text = inSchema(written.options.text(), several);
      const other = this.#names.column(text);
      const treatment = other === undefined ? undefined : this.of(other.column);
      if (other !== undefined && treatment === undefined) throw this.#unknown(written.options, text, other);
      if (treatment?.kind === "keep") throw likeKept(written.options, text, "path");
      if (treatment?.kind !== "transform" || treatment.made.readsOthers === true) {
        throw written.options.fail(
          `There is no transformed column "${text}"`,
          other === undefined ? this.#names.suggestColumn(text) : `Give ${text} a transform`,
          "unknown-column",
        );
      }
      return inside(treatment.transform, treatment.made, treatment.domain, options);
    }
    const { transform } = written;
    const refuse = (): never => {
      throw notInside(options, transform);
    };
    const family = transform.takes === "any" || transform.takes.includes("text") ? "text" : "integer";
    const made = transform.make(written.options, {
      family,
      baseType: family === "text" ? "text" : "int8",
      typeSchema: "pg_catalog",
      length: null,
      keep: undefined,
      keepsKeys: false,
      person: "",
      row: "",
      nested: refuse,
      transformed: refuse,
      original: refuse,
    });
    return inside(transform, made, written.domain ?? domain, options);
  }

  #transformed(options: Options, table: SourceTable, name: string, self: SourceColumn): string {
    const column = this.#columnOf(options, table, name);
    if (column === self) throw options.fail("An expression cannot read the column that it is for");
    const treatment = this.of(column);
    if (treatment?.kind === "transform" && treatment.made.readsOthers === true)
      throw options.fail(`"${name}" is an expression itself, which another one cannot read`);
    return `source.${quoteIdentifier(column.name)}`;
  }

  #original(options: Options, table: SourceTable, name: string): { sql: string; domain: string } {
    const column = this.#columnOf(options, table, name);
    // Whose date it is, is the same person in every table.
    const end = endOf(this.#references, { table, column });
    return {
      sql: `source.${quoteIdentifier(column.name)}`,
      domain: `${end.table.schema}.${end.table.name}.${end.column.name}`,
    };
  }

  /** The column of the row that a rule names. */
  #columnOf(options: Options, table: SourceTable, name: string): SourceColumn {
    const column = columnNamed(table, name);
    if (column !== undefined) return column;
    const near = nearest(
      name,
      table.columns.map((one) => one.name),
    );
    const fix = near === undefined ? undefined : `Did you mean "${near}"?`;
    throw options.fail(`The table ${shownTable(table)} has no column "${name}"`, fix, "unknown-column");
  }

  #problem(
    rule: string,
    message: string,
    fix: string | undefined,
    about: { table: string; column: string; place: Place },
  ): void {
    this.problems.push({ rule, message, fix, ...about });
  }
}

/** @param what the rule is of */
function likeKept(options: Options, text: string, what: "column" | "path"): RuleProblem {
  return options.fail(`${text} is kept, so nothing can be like it`, `Keep this ${what} as well, or transform that one`);
}
