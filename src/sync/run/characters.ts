/**
 * Classes of characters, as they stand between the brackets of PostgreSQL's regular expressions. All are lists, since PostgreSQL knows
 * no class of Unicode by name.
 */

/** Blanks, tabs and line ends: Unicode's Z, and the controls that move on. */
const BLANKS = "\\u0009-\\u000d\\u0020\\u0085\\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000";

/** Hyphens and dashes (Pd), and minus signs. */
const DASHES =
  "\\u002d\\u02d7\\u058a\\u05be\\u1400\\u1806\\u2010-\\u2015\\u2043\\u207b\\u208b\\u2212\\u2796\\u2e17\\u2e1a\\u2e3a\\u2e3b\\u2e40\\u2e5d\\u301c\\u3030\\u30a0\\ufe31\\ufe32\\ufe58\\ufe63\\uff0d\\U00010d6e\\U00010ead";

/** Brackets of both sides (Ps, Pe). */
const BRACKETS =
  "()\\u005b\\u005d{}\\u0f3a-\\u0f3d\\u169b\\u169c\\u201a\\u201e\\u2045\\u2046\\u207d\\u207e\\u208d\\u208e\\u2308-\\u230b\\u2329\\u232a\\u2768-\\u2775\\u27c5\\u27c6\\u27e6-\\u27ef\\u2983-\\u2998\\u29d8-\\u29db\\u29fc\\u29fd\\u2e22-\\u2e29\\u2e42\\u2e55-\\u2e5c\\u3008-\\u3011\\u3014-\\u301b\\u301d-\\u301f\\ufd3e\\ufd3f\\ufe17\\ufe18\\ufe35-\\ufe44\\ufe47\\ufe48\\ufe59-\\ufe5e\\uff08\\uff09\\uff3b\\uff3d\\uff5b\\uff5d\\uff5f\\uff60\\uff62\\uff63";

const DOTS = ".\\u00b7\\u2024\\u2027\\u2219\\u22c5\\u30fb\\uff0e\\uff65";
const SLASHES = "/\\u2044\\u2215\\uff0f";

/** What may stand between the digits of one number, and between two numbers. */
export const SEPARATORS = `${BLANKS}${DASHES}${BRACKETS}${DOTS}${SLASHES}+\\uff0b`;

/** What belongs to the number that it stands before. */
export const SIGNS = "+(\\uff08";

/** Separators that may as well be within one number, such as a day or a fraction. */
export const JOINING = `${DASHES}${DOTS}`;

/** Separators that are in no word of any script: dots are in some. */
export const PARTING = `${BLANKS}${DASHES}${BRACKETS}`;

/** Characters that nobody sees: Default_Ignorable_Code_Point and Cf. */
export const UNSEEN =
  "\\u00ad\\u034f\\u0600-\\u0605\\u061c\\u06dd\\u070f\\u0890\\u0891\\u08e2\\u115f\\u1160\\u17b4\\u17b5\\u180b-\\u180f\\u200b-\\u200f\\u202a-\\u202e\\u2060-\\u206f\\u3164\\ufe00-\\ufe0f\\ufeff\\uffa0\\ufff0-\\ufffb\\U000110bd\\U000110cd\\U00013430-\\U0001343f\\U0001bca0-\\U0001bca3\\U0001d173-\\U0001d17a\\U000e0000-\\U000e0fff";
