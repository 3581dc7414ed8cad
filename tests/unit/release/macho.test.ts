import { describe, expect, test } from "bun:test";
import { checkSignature, MachoError, signAdHoc } from "../../../scripts/release-macho.ts";
import { syntheticMacho } from "../../support/macho.ts";

function signed(): Uint8Array {
  return signAdHoc(syntheticMacho(), "confiture");
}

function changed(file: Uint8Array, at: number): Uint8Array {
  const copy = file.slice();
  copy[at] = copy[at]! ^ 1;
  return copy;
}

/** 0x8000 + 0x1230: where the signature of the synthetic file begins. */
const SIGNATURE = 0x9230;

describe("signing", () => {
  test("an unsigned file is found out, and right once it is signed", () => {
    expect(checkSignature(syntheticMacho()).faults).not.toEqual([]);
    expect(checkSignature(signed())).toEqual({ pages: 10, faults: [] });
  });

  test("signing again changes nothing", () => {
    const once = signed();
    expect(signAdHoc(once, "confiture")).toEqual(once);
  });

  test("signing leaves the program as it is, apart from the load commands that describe the signature", () => {
    const before = syntheticMacho();
    const after = signed();
    expect(after.subarray(0x1000, SIGNATURE)).toEqual(before.subarray(0x1000, SIGNATURE));
    const differing = [...before.subarray(0, 0x1000).keys()].filter((at) => before[at] !== after[at]);
    // __LINKEDIT's sizes and LC_CODE_SIGNATURE's size.
    const described = (at: number): boolean => (at >= 104 + 32 && at < 104 + 56) || (at >= 176 + 12 && at < 176 + 16);
    expect(differing.filter((at) => !described(at))).toEqual([]);
  });

  test("a smaller and a larger old signature give the same file", () => {
    const small = signAdHoc(syntheticMacho({ signatureSize: 16 }), "confiture");
    const large = signAdHoc(syntheticMacho({ signatureSize: 0x6000 }), "confiture");
    expect(small).toEqual(large);
  });

  test("another identifier is another signature", () => {
    const other = signAdHoc(syntheticMacho(), "other");
    expect(other).not.toEqual(signed());
    expect(checkSignature(other).faults).toEqual([]);
  });
});

describe("a flipped bit is found", () => {
  // First, inner and last byte of what is signed, in every page.
  for (const at of [0x200, 0xfff, 0x1000, 0x4321, 0x7fff, 0x8000, 0x9000, SIGNATURE - 1]) {
    test(`in the program, at ${at}`, () => {
      const { faults } = checkSignature(changed(signed(), at));
      expect(faults).toEqual([`page ${at >> 12} (offset ${(at >> 12) << 12}) does not match its hash`]);
    });
  }

  test("in the code limit", () => {
    expect(checkSignature(changed(signed(), SIGNATURE + 20 + 35)).faults.join()).toContain("the signature covers");
  });

  test("in a page's hash", () => {
    const file = signed();
    expect(checkSignature(changed(file, file.length - 1)).faults).toHaveLength(1);
  });

  test("in the number of pages", () => {
    expect(checkSignature(changed(signed(), SIGNATURE + 20 + 31)).faults).not.toEqual([]);
  });
});

describe("a file that was changed after it was signed", () => {
  test("grown by bytes at the end", () => {
    const file = signed();
    const grown = new Uint8Array(file.length + 16);
    grown.set(file);
    expect(checkSignature(grown).faults.join()).toContain("the file at");
  });

  test("cut off inside the signature", () => {
    const file = signed();
    expect(checkSignature(file.subarray(0, file.length - 40)).faults).not.toEqual([]);
    expect(checkSignature(file.subarray(0, SIGNATURE + 4)).faults).not.toEqual([]);
  });
});

describe("what is no executable is refused", () => {
  const cases: readonly (readonly [name: string, file: Uint8Array])[] = [
    ["an empty file", new Uint8Array(0)],
    ["an ELF file", new Uint8Array([0x7f, 0x45, 0x4c, 0x46, ...Array<number>(100).fill(0)])],
    ["a universal file", new Uint8Array([0xca, 0xfe, 0xba, 0xbe, ...Array<number>(100).fill(0)])],
    ["a file cut off in its load commands", syntheticMacho().subarray(0, 100)],
  ];
  for (const [name, file] of cases) {
    test(name, () => {
      expect(() => checkSignature(file)).toThrow(MachoError);
      expect(() => signAdHoc(file, "confiture")).toThrow(MachoError);
    });
  }
});
