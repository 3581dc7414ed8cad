import { expect, test } from "bun:test";
import { PARTING, SEPARATORS, UNSEEN } from "#sync/run/characters.ts";

/** Characters of a class as PostgreSQL writes it. */
function charactersOf(list: string): Set<string> {
  const found = new Set<string>();
  const one = String.raw`\\u([0-9a-f]{4})|\\U([0-9a-f]{8})|(.)`;
  const codeOf = (written: string): number =>
    written.startsWith("\\") ? Number.parseInt(written.slice(2), 16) : written.codePointAt(0)!;
  for (const [, from, to = from] of list.matchAll(
    new RegExp(`(${one.replaceAll(/\((?!\?)/g, "(?:")})(?:-(${one.replaceAll(/\((?!\?)/g, "(?:")}))?`, "gu"),
  )) {
    for (let code = codeOf(from!); code <= codeOf(to!); code++) found.add(String.fromCodePoint(code));
  }
  return found;
}

/** Characters that Unicode says are of a class. */
function classOf(pattern: RegExp): string[] {
  const all: string[] = [];
  for (let code = 0; code <= 0x10ffff; code++) {
    if (code < 0xd800 || code > 0xdfff) all.push(String.fromCodePoint(code));
  }
  return all.filter((character) => pattern.test(character));
}

test("the lists hold what Unicode has in its classes", () => {
  const separators = charactersOf(SEPARATORS);
  const parting = charactersOf(PARTING);
  const classes = classOf(/[\p{Z}\p{Pd}\p{Ps}\p{Pe}\t-\r\u0085]/u);
  expect(classes.filter((character) => !separators.has(character) || !parting.has(character))).toEqual([]);
  expect([...separators].filter((character) => /[\p{L}\p{N}\p{M}]/u.test(character))).toEqual([]);
  expect(charactersOf(UNSEEN)).toEqual(new Set(classOf(/[\p{Default_Ignorable_Code_Point}\p{Cf}]/u)));
});
