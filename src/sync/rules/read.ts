import { ConfitureError } from "#errors/error.ts";
import { nearest } from "#errors/suggest.ts";
import { isNull, type MapEntry, type MapNode, parseYaml, type TreeNode, type YamlSource } from "#files/yaml-tree.ts";
import { tenantLine } from "./line-instead.ts";
import { digestOf } from "./meaning.ts";
import { columnsIn, readReferences } from "./read-references.ts";
import { RuleFile, type RulesText } from "./rule-file.ts";
import { ruleFiles, textOf } from "./rule-files.ts";
import {
  type ColumnRule,
  FOLLOW,
  type PlacedText,
  type Problem,
  type ReferenceRule,
  type Rules,
  RULES_DIR,
  TABLE_KEYS,
  type TableRule,
} from "./rules.ts";
import { yamlKey } from "./yaml-key.ts";

const TOP = ["tables", "references", "tenant", "large_objects", "extension_tables"] as const;

/**
 * Reads every file of rules.
 * @throws ConfitureError `config_not_found` where there is none, `config_syntax` for what is no YAML, `file_unreadable`
 */
export async function readRules(projectDir: string): Promise<Rules> {
  const files = ruleFiles(projectDir);
  if (files.length === 0) {
    throw new ConfitureError("config_not_found", `There are no rules: no *.yaml in ${RULES_DIR}`, {
      location: { file: RULES_DIR },
      hint: "Rules are YAML files, such as db/sync/people.yaml; `confiture sync init --from NAME` writes first ones.",
    });
  }
  return await parseRules(files.map((file) => ({ file, text: textOf(projectDir, file) })));
}

/** @param texts files in order */
export async function parseRules(texts: readonly RulesText[]): Promise<Rules> {
  const files = texts.map(({ file, text }) => new RuleFile(file, text));
  const reader = new RuleReader();
  for (const file of files)
    reader.file(file, await parseYaml(file, ["tables:", "  users:", "    keep: [id]", "    email: email"]));
  return { files, ...reader.read, digest: digestOf(reader.read) };
}

const TENANT = "The tenant has a `column` and a `value`";

class RuleReader {
  readonly read: {
    tables: TableRule[];
    references: ReferenceRule[];
    tenant: Rules["tenant"];
    largeObjects: Rules["largeObjects"];
    extensionTables: Rules["extensionTables"];
    problems: Problem[];
  } = {
    tables: [],
    references: [],
    tenant: undefined,
    largeObjects: "refuse",
    extensionTables: "refuse",
    problems: [],
  };
  #file!: YamlSource;

  file(file: YamlSource, root: MapNode): void {
    this.#file = file;
    for (const { key, offset, value } of root.entries.values()) {
      if (isNull(value)) continue;
      switch (key) {
        case "tables":
          for (const entry of this.#map(value, key)) this.#table(entry);
          break;
        case "references":
          this.read.references.push(...readReferences(value, this.#file, this.read.problems));
          break;
        case "tenant":
          this.#tenant(value, offset);
          break;
        case "large_objects":
          if (this.#text(value, key) === "skip") this.read.largeObjects = "skip";
          else this.#problem(value.offset, '"large_objects" can only be skip');
          break;
        case "extension_tables":
          if (this.#text(value, key) === "skip") this.read.extensionTables = "skip";
          else this.#problem(value.offset, '"extension_tables" can only be skip');
          break;
        default:
          this.#unknown(key, offset, TOP, "Tables are below `tables:`");
      }
    }
  }

  #problem(offset: number, message: string, fix?: string, rule = "invalid-rule", about: Partial<Problem> = {}): void {
    this.read.problems.push({ rule, message, fix, place: { file: this.#file, offset }, ...about });
  }

  #unknown(key: string, offset: number, known: readonly string[], otherwise: string): void {
    const near = nearest(key, known);
    const fix = near === undefined ? otherwise : `Did you mean "${near}"?`;
    this.#problem(offset, `Unknown key "${key}"`, fix, "unknown-key", near === "tables" ? { explains: near } : {});
  }

  #map(node: TreeNode, key: string): MapEntry[] {
    if (node.kind === "map") return [...node.entries.values()];
    const example = key === "tables" ? "users: { keep: [id], email: email }" : undefined;
    const about: Partial<Problem> = key === "tables" ? { explains: key } : {};
    this.#problem(node.offset, `"${key}" has to be a map of names and rules`, example, "invalid-rule", about);
    return [];
  }

  #text(node: TreeNode, key: string): string | undefined {
    const text = node.kind === "scalar" ? node.text : "";
    if (text.includes("\0")) {
      this.#problem(
        node.offset,
        `"${key}" holds the character NUL, which no text in PostgreSQL has`,
        "Leave out the \\0",
      );
      return undefined;
    }
    if (text.trim() !== "") return text;
    this.#problem(node.offset, `"${key}" has to be a single value`);
    return undefined;
  }

  #placed(node: TreeNode | undefined, key: string): PlacedText | undefined {
    const text = node === undefined ? undefined : this.#text(node, key);
    return text === undefined ? undefined : { text, place: { file: this.#file, offset: node!.offset } };
  }

  #table({ key: name, offset, value }: MapEntry): void {
    const place = { file: this.#file, offset };
    const bare = { name, place, columns: [], rows: undefined, sample: undefined, follow: [], tenant: true };
    if (value.kind !== "map") {
      const word = value.kind === "scalar" ? value.text : undefined;
      const mode = word === "skip" ? "skip" : "rows";
      this.read.tables.push({ ...bare, mode });
      if (mode === "skip" || isNull(value)) return;
      const fix = `Write \`${name}: skip\`, or below it \`keep: [...]\` and a rule for every other column`;
      if (word === "?") this.#problem(value.offset, `Nobody has decided about the table ${name} yet`, fix, "undecided");
      else {
        const about = { explains: { table: name } };
        this.#problem(
          value.offset,
          "The rule of a table is `skip`, or a map of its columns",
          fix,
          "invalid-rule",
          about,
        );
      }
      return;
    }
    const { entries } = value;
    const others = [...entries.values()].filter(({ key }) => !TABLE_KEYS.includes(key));
    const below = entries.get("columns");
    const nested = below === undefined ? [] : this.#map(below.value, "columns");
    const keep = entries.get("keep");
    const tenant = entries.get("tenant");
    if (tenant !== undefined && !(tenant.value.kind === "scalar" && tenant.value.text === "false")) {
      this.#problem(
        tenant.value.offset,
        '"tenant" of a table can only be false: rows of every tenant are copied',
        "tenant: false",
      );
    }
    this.read.tables.push({
      name,
      mode: "rows",
      place,
      // As they are written, so that of two rules for a column the second one is too many.
      columns: [
        ...[...others, ...nested].map((entry) => this.#column(entry)),
        ...this.#kept(keep?.value, name),
      ].toSorted((a, b) => a.place.offset - b.place.offset),
      rows: this.#placed(entries.get("rows")?.value, "rows"),
      sample: this.#sample(entries.get("sample")?.value),
      follow: this.#follow(entries.get("follow")?.value),
      tenant: tenant === undefined,
    });
  }

  #column({ key: column, offset, value }: MapEntry): ColumnRule {
    return { column, node: value, place: { file: this.#file, offset } };
  }

  #kept(node: TreeNode | undefined, table: string): ColumnRule[] {
    if (node === undefined || isNull(node)) return [];
    const items = node.kind === "list" ? node.items : [node];
    const other = items.find(({ kind }) => kind !== "scalar");
    if (other !== undefined) {
      const columns = other.kind === "list" ? columnsIn(node) : ["id", "created_at"];
      const fix = `keep: [${columns.map(yamlKey).join(", ")}]`;
      this.#problem(other.offset, '"keep" has to be a list of columns', fix, "invalid-rule", { explains: { table } });
      return [];
    }
    if (node.kind === "scalar" && node.plain && node.text.includes(",")) {
      this.#problem(node.offset, "A list of columns is in brackets", `keep: [${node.text}]`, "invalid-rule", {
        explains: { table },
      });
      return [];
    }
    return items.flatMap((item) => {
      const column = this.#text(item, "keep");
      if (column === undefined) return [];
      if (column !== "*") return [{ column, node: undefined, place: { file: this.#file, offset: item.offset } }];
      const message = "`keep` has no wildcard: a column that is added later has to be looked at";
      const fix =
        "Name the columns: keep: [id, created_at]. `confiture sync check` then tells each one that has no rule";
      this.#problem(item.offset, message, fix, "wildcard", { explains: { table } });
      return [];
    });
  }

  #sample(node: TreeNode | undefined): TableRule["sample"] {
    if (node === undefined) return undefined;
    const text = this.#text(node, "sample");
    const [, number = ""] = /^(\d+(?:\.\d+)?)\s*%$/.exec(text ?? "") ?? [];
    const share = Number(number) / 100;
    if (number !== "" && share > 0 && share <= 1) return { share, place: { file: this.#file, offset: node.offset } };
    const message = '"sample" has to be a percentage, more than 0% and at most 100%';
    if (text !== undefined) this.#problem(node.offset, message, "sample: 10%");
    return undefined;
  }

  #follow(node: TreeNode | undefined): TableRule["follow"] {
    if (node === undefined) return [];
    return this.#map(node, "follow").flatMap(({ key: column, offset, value }) => {
      const direction = FOLLOW.find((known) => value.kind === "scalar" && value.text === known);
      if (direction !== undefined) return [{ column, direction, place: { file: this.#file, offset } }];
      this.#problem(value.offset, `"follow" of a column is one of ${FOLLOW.join(", ")}`);
      return [];
    });
  }

  #tenant(node: TreeNode, offset: number): void {
    const keys = ["column", "value"] as const;
    if (node.kind !== "map") {
      this.#problem(node.offset, TENANT, tenantLine(node.kind === "scalar" ? node.text : undefined));
      return;
    }
    const before = this.read.problems.length;
    const map = node.entries;
    for (const { key, offset: at } of map.values()) {
      if (!keys.some((known) => known === key)) this.#unknown(key, at, keys, `Known: ${keys.join(", ")}`);
    }
    const [column, value] = keys.map((key) => this.#placed(map.get(key)?.value, key));
    if (this.read.tenant !== undefined)
      this.#problem(offset, "The tenant is given twice", "Remove one", "duplicate-rule");
    else if (column === undefined || value === undefined) {
      // A misspelt key is told already.
      if (this.read.problems.length === before) this.#problem(offset, TENANT, tenantLine(column?.text, value?.text));
    } else this.read.tenant = { column: column.text, value: value.text, place: { file: this.#file, offset } };
  }
}
