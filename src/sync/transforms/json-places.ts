import type { Options } from "./options.ts";
import { KEPT, type Nested, type Subject } from "./transform.ts";

/** What becomes of a value in a document. What no path leads to is left out. */
export interface Place {
  /** As rules write it: `friends[].phone`; "" is the document. */
  readonly path: string;
  /** The same as SQL/JSON has it. */
  readonly jsonpath: string;
  /** Of the value itself, where a path ends here. */
  rule?: Nested;
  /** Where that path is. */
  offset?: number;
  readonly keys: Map<string, Place>;
  /** Of every other key (`*`). */
  any?: Place;
  /** Of an array's elements (`[]`). */
  items?: Place;
}

/** @throws RuleProblem for what is no path, and for paths that do not go together */
export function readPlaces(options: Options, { nested, keep, keepsKeys }: Subject): Place {
  const root: Place = placeAt("", "$");
  for (const [path, rule] of options.map()) put(root, path, rule, nested(rule, path), keepsKeys);
  for (const path of keep?.list() ?? []) {
    put(root, path.text(), path, KEPT, keepsKeys);
  }
  if (root.rule !== undefined || childrenOf(root).length === 0) {
    throw options.fail("At least one path has to be here", "{ json: { contact.email: email }, keep: [theme] }");
  }
  return root;
}

/** A place, and all below it. */
export function allPlaces(place: Place): Place[] {
  return [place, ...childrenOf(place).flatMap((child) => allPlaces(child))];
}

function childrenOf({ keys, any, items }: Place): Place[] {
  return [...keys.values(), ...(any === undefined ? [] : [any]), ...(items === undefined ? [] : [items])];
}

function placeAt(path: string, jsonpath: string): Place {
  return { path, jsonpath, keys: new Map() };
}

const PARTS = /"([^"]+)"|(\[\])|([^.[\]"]+)/g;

/** Keys, plain or in quotes, with a dot between two of them, and brackets behind any. */
const IS_PATH = /^(?:"[^"]+"|[^.[\]"]+|\[\])(?:\[\]|\.(?:"[^"]+"|[^.[\]"]+|\[\]))*$/;

/** A path in parts: `"contact"`, `friends`, `[]`. */
export function partsOf(path: string): string[] {
  return Array.from(path.matchAll(PARTS), ([part]) => part);
}

function put(root: Place, path: string, at: Options, rule: Nested, keepsKeys: boolean): void {
  const parts = path.matchAll(PARTS);
  if (!IS_PATH.test(path)) {
    throw at.fail(`"${path}" is no path`, "For example contact.email, friends[].phone");
  }
  let place = root;
  for (const [written, quoted, brackets, plain] of parts) {
    if (place.rule?.kept === true) throw at.fail(`The path ${path} leads through a value that is kept`);
    const to = place.path === "" ? written : `${place.path}.${written}`;
    if (brackets !== undefined) {
      place = place.items ??= placeAt(`${place.path}[]`, `${place.jsonpath}[*]`);
    } else if (plain === "*") {
      if (!keepsKeys) {
        throw at.fail(
          `\`*\` in ${path} copies the keys themselves as they are, and a key may be somebody's name`,
          "Name the keys. If none can be personal, say so beside `json`: keys: keep",
        );
      }
      place = place.any ??= placeAt(to, `${place.jsonpath}.*`);
    } else {
      const key = quoted ?? plain!;
      const next = place.keys.get(key) ?? placeAt(to, `${place.jsonpath}.${JSON.stringify(key)}`);
      place.keys.set(key, next);
      place = next;
    }
  }
  if (place.rule !== undefined || (rule.kept && childrenOf(place).length > 0)) {
    throw at.fail(`The path ${path} has two rules`);
  }
  place.rule = rule;
  place.offset = at.keyOffset;
}
