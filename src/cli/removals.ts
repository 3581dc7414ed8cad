import {
  describeRemoval,
  type Permit,
  refuseRemovals,
  type Removal,
  type Remover,
} from "#compare/generate/removals.ts";
import { ask } from "./ask.ts";
import { canAsk } from "./can-ask.ts";
import type { CommandContext } from "./command.ts";
import type { FindMaker } from "./output/findings.ts";
import { agree } from "./output/text.ts";
import { inLine } from "./output/visible.ts";

/** `--allow-drop` of every command that plans SQL. */
export const REMOVAL_ARGS = {
  "allow-drop": {
    type: "string",
    valueHint: "[=WHAT]",
    description: "allow taking things away: all, or kinds and names with commas, such as policy,public.users.bio",
  },
} as const;

/** What is asked while a plan is made, and told when it is. */
interface Removing {
  readonly permit: Permit;
  /** Warns of words of `--allow-drop` that are nothing of what is taken away. */
  readonly tellIdle: () => void;
}

/**
 * Lists what a migration takes away, with who made it, and lets that happen only where somebody has consented: with
 * `--allow-drop`, or now, on a terminal.
 * @param allowed "all", or kinds and names with commas; undefined where nothing may be taken away
 */
export function permitRemovals(
  context: CommandContext,
  allowed: string | undefined,
  findMaker: FindMaker,
  remover?: Remover,
): Removing {
  const seen: Removal[] = [];
  const told = new Set<string>();
  const tellIdle = (): void => {
    if (seen.length === 0) return;
    for (const item of items(allowed)) {
      if (told.has(item) || seen.some((removal) => allows(item, removal))) continue;
      told.add(item);
      context.messages.warn(`--allow-drop: nothing that is taken away is "${inLine(item)}", by its kind or name`);
    }
  };
  const madeBy = ({ kind, change }: Removal): string | undefined => {
    const place = change === undefined ? undefined : findMaker({ kind, path: change.path });
    return place === undefined ? undefined : `${inLine(place.file)}:${place.line}`;
  };
  const permit: Permit = async (removals, possible) => {
    seen.push(...removals);
    const open = removals.filter((removal) => !isAllowed(removal, allowed));
    const asks = open.length > 0 && canAsk(context);
    if (open.length > 0) tellIdle();
    if (open.length > 0 && !asks) throw refuseRemovals(open, possible, madeBy, remover);
    const list = removals.map((removal) => `  - ${describeRemoval(removal, madeBy)}`).join("\n");
    context.messages.log(`Taken away by ${remover === undefined ? "this migration" : "this"}:\n${list}`);
    if (!asks) return;
    const question = `${agree(open.length, "Remove it", "Remove them")}? [y/N] `;
    const answer = await ask(
      context.io,
      question,
      remover?.undone.toLowerCase().replace(/\.$/, "") ?? "nothing was written",
    );
    if (!/^y(es)?$/i.test(answer)) throw refuseRemovals(open, possible, madeBy, remover);
  };
  return { permit, tellIdle };
}

function isAllowed(removal: Removal, allowed: string | undefined): boolean {
  return items(allowed).some((item) => allows(item, removal));
}

function items(allowed: string | undefined): string[] {
  const all = allowed === undefined ? [] : allowed.split(",").map((item) => item.trim());
  return all.filter((item) => item !== "");
}

function allows(item: string, { kind, name }: Removal): boolean {
  // "comment" stands for comments on whatever it is.
  if (item === "all" || item === kind || kind.startsWith(`${item} on `)) return true;
  const glob = new Bun.Glob(item);
  return glob.match(name) || glob.match(`${kind}:${name}`);
}
