import type { Action } from "../engine/actions.ts";
import { encodeId } from "../engine/object-id.ts";
import { quoteQualified } from "#sql/quote.ts";
import type { Catalogue } from "../catalogue/catalogue.ts";
import { argumentsOf } from "../kinds/aggregate-arguments.ts";

/** An aggregate is called by the types of its arguments; how they are given to it, the planner does not know. Pure. */
export function withAggregateArguments(action: Action, from: Catalogue, to: Catalogue): Action {
  const gone = new Set(action.destroys.map(encodeId));
  const sql = [...action.produces, ...action.destroys, ...action.consumes].reduce((text, id) => {
    const side = gone.has(encodeId(id)) || !to.facts.has(id) ? from : to;
    const target = "target" in id ? id.target : id;
    if (target.kind !== "aggregate") return text;
    const args = argumentsOf(side.extras, target);
    if (args === undefined) return text;
    const name = `${quoteQualified(target.schema, target.name)}(`;
    // Up to the last parenthesis but that of what it consists of.
    const end = text.startsWith("CREATE ") ? ") (SFUNC = " : ")";
    const [start, close] = [text.indexOf(name), text.indexOf(end, text.indexOf(name))];
    return start < 0 || close < 0 ? text : `${text.slice(0, start)}${name}${args}${text.slice(close)}`;
  }, action.sql);
  return sql === action.sql ? action : { ...action, sql };
}
