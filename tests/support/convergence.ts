import { readCatalogue } from "#compare/catalogue/catalogue.ts";
import { compareCatalogues } from "#compare/catalogue/changes.ts";
import { ConfitureError } from "#errors/error.ts";
import { Random } from "../unit/sql/random.ts";
import { build, migrate, planIn, type EmptiedDatabase } from "./golden.ts";
import { editSchema, randomSchema, renderSchema } from "./random-schema.ts";

/** Undefined for a plan whose up gives `to` and whose down gives `from` again. */
export type Outcome = Refused | Unproven | undefined;

export interface Refused {
  readonly kind: "refused";
  readonly reason: string;
}

/** A plan that came out and does not hold, or an error that is no refusal. */
export interface Unproven {
  readonly kind: "unproven";
  readonly reason: string;
}

/** Both directions of one random edit. */
export async function convergeBothWays(emptied: EmptiedDatabase, seed: number): Promise<readonly Outcome[]> {
  const random = new Random(seed);
  const schema = randomSchema(random);
  const before = renderSchema(schema);
  const after = renderSchema(editSchema(random, schema));
  return [await converge(emptied, before, after), await converge(emptied, after, before)];
}

async function converge(emptied: EmptiedDatabase, fromSql: string, toSql: string): Promise<Outcome> {
  const to = await build(await emptied.empty(), toSql);
  const database = await emptied.empty();
  const from = await build(database, fromSql);
  try {
    const { up, down } = await planIn(database, from, to, { renames: [] });
    const differences = [
      ...compareCatalogues(await readCatalogue(database), from),
      ...compareCatalogues(await migrate(database, up), to),
      ...compareCatalogues(await migrate(database, down), from),
    ];
    if (differences.length === 0) return undefined;
    return unproven(`${JSON.stringify(differences)}\n${up}\n${down}`, fromSql, toSql);
  } catch (error) {
    if (error instanceof ConfitureError && error.code === "generate_refused")
      return { kind: "refused", reason: error.message };
    return unproven(String(error), fromSql, toSql);
  }
}

function unproven(what: string, fromSql: string, toSql: string): Unproven {
  return { kind: "unproven", reason: `${what}\nFrom:\n${fromSql}\nTo:\n${toSql}` };
}
