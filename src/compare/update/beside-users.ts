import { tokensOf } from "#sql/lexer/tokens.ts";
import { isSame, type Subject } from "../sources/subjects.ts";
import { addBefore, removeAdded } from "./lines.ts";
import type { SchemaTree, Sentence } from "./schema-tree.ts";

/** What is made for something that uses it. */
const MADE_FOR: ReadonlySet<string> = new Set(["type", "domain", "sequence"]);

/** As of `Edit`. */
interface Added {
  readonly how: string;
  readonly level: string;
  readonly file: string;
  readonly written?: string | undefined;
  readonly subjects: readonly Subject[];
}

/**
 * Puts types and sequences that were added right before what uses them first, where those of the files stand so, or they have none.
 * Others stay where the habit of the files has put them.
 */
export function besideUsers<E extends Added>(tree: SchemaTree, edits: readonly E[]): E[] {
  const added = edits.filter(({ how }) => how === "added").flatMap(({ subjects }) => subjects.slice(0, 1));
  const isAdded = ({ reading }: Sentence): boolean =>
    reading?.makes !== undefined && added.some((each) => isSame(each, reading.makes!));
  return edits.map((edit) => {
    const { how, level, written, subjects } = edit;
    const [subject] = subjects;
    if (how !== "added" || level !== "worded" || written === undefined || subject === undefined) return edit;
    const maker = tree.maker(subject);
    if (maker === undefined || !MADE_FOR.has(maker.reading!.kind)) return edit;
    const peers = tree.sentences.filter((each) => isKin(each, maker) && !isAdded(each));
    if (peers.filter((peer) => standsBesideUser(tree, peer)).length * 2 < peers.length) return edit;
    const user = userOf(tree, maker);
    if (user === undefined) return edit;
    const index = tree.sentences.indexOf(user);
    const isBefore = tree.sentences.indexOf(maker) < index;
    removeAdded(tree, maker);
    addBefore(tree, tree.sentences[isBefore ? index - 1 : index]!, written);
    return { ...edit, file: user.file };
  });
}

function isKin({ reading }: Sentence, { reading: own }: Sentence): boolean {
  if (reading?.makes === undefined || !MADE_FOR.has(reading.kind)) return false;
  return (reading.kind === "sequence") === (own!.kind === "sequence");
}

/** The first statement that makes something of what another one made. */
function userOf(tree: SchemaTree, maker: Sentence): Sentence | undefined {
  const made = maker.reading!.makes!;
  return tree.sentences.find((each) => {
    const { makes, about = [], kind = "" } = each.reading ?? {};
    if (each === maker || kind === "rows" || (makes === undefined && about.some((on) => isSame(on, made))))
      return false;
    return names(each, made);
  });
}

/** Also in a string: nextval('orders_no'). */
function names({ statement: { text } }: Sentence, { name }: Subject): boolean {
  return tokensOf(text).some((token) =>
    token.text.startsWith("'")
      ? token.text.replaceAll('"', "").split(/[.']/).includes(name)
      : token.text === `"${name}"` || token.text.toLowerCase() === name,
  );
}

function standsBesideUser(tree: SchemaTree, maker: Sentence): boolean {
  const next = behindKin(tree, maker);
  return next !== undefined && next === userOf(tree, maker);
}

/** What stands behind a type or sequence, others of these and what is said about them apart. */
function behindKin(tree: SchemaTree, maker: Sentence): Sentence | undefined {
  const own = tree.in(maker.file);
  return own
    .slice(own.indexOf(maker) + 1)
    .find(
      ({ reading }) =>
        reading !== undefined && reading.kind !== "comment" && reading.kind !== "grant" && !MADE_FOR.has(reading.kind),
    );
}
