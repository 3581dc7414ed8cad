import { comparePaths } from "#build/order.ts";
import { addAtEnd, addBefore, addBehind } from "./lines.ts";
import { tokensOf } from "#sql/lexer/tokens.ts";
import type { SchemaTree, Sentence } from "./schema-tree.ts";
import { isPartOf, isSame, type Subject, wholeOf } from "../sources/subjects.ts";

/** A statement that is to be added. */
export interface Newcomer {
  /** Without a semicolon. */
  readonly sql: string;
  /** As in `Reading`. */
  readonly kind: string;
  /** What it makes; undefined for a statement that is only about something. */
  readonly makes: Subject | undefined;
  /** What it belongs to: the table of an index, the object of a comment. */
  readonly on: Subject | undefined;
  /** What has to be made before it. */
  readonly needs: readonly Subject[];
  /** Statements that it has to stand behind, apart from those that make what it needs. */
  readonly after?: readonly Sentence[];
  /** As `after`, unless it gets a file of its own: statements that would give it what it is not to have. */
  readonly outOf?: readonly Sentence[];
  /** Whether it is better not added than put into another file than those of its kind have. */
  readonly strict?: boolean;
}

/**
 * Adds a statement where the tree's habit puts its kind: in a file of its own where each of its kind has one, beside the
 * others of its kind, or beside what it belongs to; never before what it needs.
 * @returns the file; undefined where that is too strictly asked for
 */
export function place(tree: SchemaTree, given: Newcomer): string | undefined {
  const { sql, on } = given;
  // Files may hold nothing but comments.
  if (tree.sentences.length === 0) return placeLast(tree, sql);
  const newcomer = { ...given, needs: [...given.needs, ...mentionedIn(tree, sql)] };
  const spot = on === undefined ? spotOfObject(tree, newcomer) : spotOfPart(tree, newcomer, on);
  const needed = lastNeeded(tree, newcomer);
  if (spot.kind === "file") {
    if (needed !== undefined && !tree.sortsByNeed && comparePaths(needed.file, spot.file) > 0) {
      return newcomer.strict === true ? undefined : putBehind(tree, needed, sql);
    }
    tree.add(spot.file, `${sql};\n`);
    return spot.file;
  }
  const last = lastNeeded(tree, { ...newcomer, after: [...(given.after ?? []), ...(given.outOf ?? [])] });
  if (last !== undefined && isLater(tree, last, spot.sentence)) return putBehind(tree, last, sql);
  if (spot.kind === "before") addBefore(tree, spot.sentence, sql);
  else addBehind(tree, spot.sentence, sql, isTight(spot.sentence, sql, newcomer.kind));
  return spot.sentence.file;
}

/** Tables, views, types and functions that a statement names, and that the tree makes. */
function mentionedIn(tree: SchemaTree, sql: string): Subject[] {
  const words = new Set(
    tokensOf(sql).map(({ text }) => (text.startsWith('"') ? text.slice(1, -1) : text.toLowerCase())),
  );
  return tree.sentences.flatMap(({ reading }) => {
    const made = reading?.makes;
    return made !== undefined && NAMED.has(made.kind) && words.has(made.name) ? [made] : [];
  });
}

const NAMED: ReadonlySet<Subject["kind"]> = new Set<Subject["kind"]>(["relation", "type", "routine"]);

/** Adds a statement behind everything. */
export function placeLast(tree: SchemaTree, sql: string): string {
  const file = tree.files.at(-1)!;
  addAtEnd(tree, file, sql);
  return file;
}

type Spot =
  | { readonly kind: "file"; readonly file: string }
  | { readonly kind: "before" | "behind"; readonly sentence: Sentence };

function putBehind(tree: SchemaTree, sentence: Sentence, sql: string): string {
  addBehind(tree, lastOf(tree, sentence), sql, false);
  return sentence.file;
}

function lastNeeded(tree: SchemaTree, { needs, makes, after = [] }: Newcomer): Sentence | undefined {
  const makers = needs
    .flatMap((need) => (need.of === undefined ? [need] : [need, wholeOf(need)]))
    .filter((need) => makes === undefined || !isSame(need, makes))
    .flatMap((need) => tree.maker(need) ?? []);
  return [...makers, ...after].reduce<Sentence | undefined>(
    (last, maker) => (last === undefined || isLater(tree, maker, last) ? maker : last),
    undefined,
  );
}

function isLater(tree: SchemaTree, a: Sentence, b: Sentence): boolean {
  return tree.sentences.indexOf(a) > tree.sentences.indexOf(b);
}

/** One line behind another of its kind needs no empty line between. */
function isTight({ reading, statement }: Sentence, sql: string, kind: string): boolean {
  return reading?.kind === kind && !sql.includes("\n") && !statement.text.includes("\n");
}

/** The last of the statements behind a maker that belong to what it makes. */
function lastOf(tree: SchemaTree, maker: Sentence): Sentence {
  const made = maker.reading?.makes;
  if (made === undefined) return maker;
  const own = tree.in(maker.file);
  let last = maker;
  for (const sentence of own.slice(own.indexOf(maker) + 1)) {
    const { makes, about = [], kind } = sentence.reading ?? {};
    const belongs = about.some(
      (each) => isSame(each, made) || isPartOf(each, made) || isSame(each, last.reading?.makes ?? made),
    );
    if (
      !belongs ||
      kind === "rows" ||
      kind === "view" ||
      kind === "function" ||
      (makes?.kind === "relation" && kind === "table")
    )
      break;
    last = sentence;
  }
  return last;
}

/** A table, view, function or another object that stands by itself. */
function spotOfObject(tree: SchemaTree, { kind, makes, needs }: Newcomer): Spot {
  const all = tree.sentences.filter(({ reading }) => reading?.makes !== undefined);
  const own = all.filter(({ reading }) => reading?.kind === kind);
  const peers = own.length > 0 ? own : all.filter(({ reading }) => reading?.kind === KIN[kind]);
  const ofSchema = peers.filter(({ reading }) => reading?.makes?.schema === makes?.schema);
  const peer = (ofSchema.length > 0 ? ofSchema : peers).at(-1);
  if (peer === undefined) return spotWithoutPeers(tree, kind, needs);
  if (makes !== undefined) {
    const file = ownFile(tree, peers, peer, makes, kind);
    if (file !== undefined && !tree.texts.has(file)) return { kind: "file", file };
  }
  return { kind: "behind", sentence: lastOf(tree, peer) };
}

/** What stands with what, where it has none of its own kind. */
const KIN: Readonly<Record<string, string>> = { domain: "type", type: "domain" };

/** What others need before anything else. */
const FIRST: ReadonlySet<string> = new Set(["schema", "extension", "type", "domain", "sequence"]);

function spotWithoutPeers(tree: SchemaTree, kind: string, needs: readonly Subject[]): Spot {
  const needed = lastNeeded(tree, { sql: "", kind, makes: undefined, on: undefined, needs });
  if (!FIRST.has(kind)) return { kind: "behind", sentence: lastOf(tree, needed ?? tree.lastOfObjects()) };
  if (needed !== undefined) return { kind: "behind", sentence: needed };
  const settled = new Set(["schema", "extension", "setting"]);
  const first = tree.sentences.find(({ reading }) => reading !== undefined && !settled.has(reading.kind));
  return { kind: "before", sentence: first ?? tree.sentences[0]! };
}

/** The file for an object of a kind whose objects have files of their own, named as theirs are. */
function ownFile(
  tree: SchemaTree,
  peers: readonly Sentence[],
  peer: Sentence,
  makes: Subject,
  kind: string,
): string | undefined {
  const files = new Set(peers.map(({ file }) => file));
  const isAlone = peers.every(({ file }) => peers.filter((other) => other.file === file).length === 1);
  const isNamed = (sentence: Sentence): boolean => nameAt(stemOf(sentence.file), nameIn(sentence)) >= 0;
  const named = peers.filter(isNamed);
  // Functions of one name share a file.
  const isOwn = isAlone || (kind === "function" && named.length === peers.length);
  if (!isOwn || (files.size === 1 && !isNamed(peer))) return undefined;
  const model = isNamed(peer) ? peer : (named.at(-1) ?? peer);
  const folder = model.file.slice(0, model.file.lastIndexOf("/") + 1);
  const stem = stemOf(model.file);
  const at = nameAt(stem, nameIn(model));
  const safe = makes.name.replaceAll(/[^\p{L}\p{N}_.-]+/gu, "_");
  if (at < 0) return `${folder}${safe}.sql`;
  const schema = model.reading?.makes?.schema ?? "";
  const before = nextNumber(tree, folder, stem.slice(0, at));
  const inSchema = (text: string): string =>
    schema === makes.schema
      ? text
      : text.replace(new RegExp(`(^|[/._-])${escaped(schema)}(?=[/._-])`), `$1${makes.schema}`);
  return `${inSchema(folder)}${inSchema(before)}${safe}${stem.slice(at + nameIn(model).length)}.sql`;
}

function escaped(text: string): string {
  return text.replaceAll(/[^\w]/g, String.raw`\$&`);
}

/** Where a file's name holds an object's; negative where it does not. */
function nameAt(stem: string, name: string): number {
  const found = [...stem.matchAll(new RegExp(`(?<![a-z])${escaped(name)}(?![a-z0-9])`, "gi"))].at(-1);
  return name === "" ? -1 : (found?.index ?? -1);
}

function stemOf(file: string): string {
  return file.slice(file.lastIndexOf("/") + 1).replace(/\.sql$/, "");
}

function nameIn({ reading }: Sentence): string {
  return reading?.makes?.name ?? "";
}

/** Where file names begin with numbers, one more than the highest, in the steps that they take. */
function nextNumber(tree: SchemaTree, folder: string, before: string): string {
  const match = /^(\d+)(\D*)$/.exec(before);
  if (match === null) return before;
  const numbers = tree.files
    .filter((file) => file.startsWith(folder) && !file.slice(folder.length).includes("/"))
    .flatMap((file) => /^\d+/.exec(file.slice(folder.length))?.[0] ?? [])
    .map(Number)
    .toSorted((a, b) => a - b);
  const highest = numbers.at(-1) ?? 0;
  const step = Math.max(
    1,
    Math.min(
      ...numbers
        .slice(1)
        .map((number, index) => number - numbers[index]!)
        .filter((gap) => gap > 0),
      10,
    ),
  );
  return `${String(highest + (numbers.length > 1 ? step : 1)).padStart(match[1]!.length, "0")}${match[2]}`;
}

/** What belongs to something else: an index, a policy, a comment, a grant. */
function spotOfPart(tree: SchemaTree, newcomer: Newcomer, on: Subject): Spot {
  const { kind } = newcomer;
  const whole = wholeOf(on);
  const maker = tree.maker(on) ?? tree.maker(whole);
  const isOf = ({ reading }: Sentence, subject: Subject): boolean =>
    reading?.about.some((each) => isSame(each, subject) || isPartOf(each, subject)) === true;
  const peers = tree.sentences.filter(({ reading }) => reading?.kind === kind);
  const own = peers.filter((peer) => isOf(peer, whole));
  if (own.length > 0) return { kind: "behind", sentence: own.at(-1)! };
  // Where others of this kind stand: beside what they belong to, or in files of their own.
  const apart = peers.filter((peer) => {
    const [first] = peer.reading!.about;
    const home = first === undefined ? undefined : tree.maker(wholeOf(first));
    return home !== undefined && home.file !== peer.file;
  });
  const model = apart.at(-1);
  if (model !== undefined && apart.length * 2 > peers.length) {
    const about = wholeOf(model.reading!.about[0]!);
    const stem = stemOf(model.file);
    const isOwn = tree.in(model.file).every((sentence) => sentence.reading === undefined || isOf(sentence, about));
    if (!isOwn || nameAt(stem, about.name) < 0) return { kind: "behind", sentence: model };
    const folder = model.file.slice(0, model.file.lastIndexOf("/") + 1);
    const at = nameAt(stem, about.name);
    const file = `${folder}${nextNumber(tree, folder, stem.slice(0, at))}${whole.name.replaceAll(/[^\p{L}\p{N}_.-]+/gu, "_")}${stem.slice(at + about.name.length)}.sql`;
    return tree.texts.has(file) && tree.in(file).length > 0
      ? { kind: "behind", sentence: tree.in(file).at(-1)! }
      : { kind: "file", file };
  }
  if (maker !== undefined) return { kind: "behind", sentence: lastOf(tree, maker) };
  return { kind: "behind", sentence: tree.lastOfObjects() };
}
