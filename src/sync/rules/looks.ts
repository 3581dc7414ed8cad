/** How many values are looked at. */
export const LOOKED_AT = 10_000;
/** From this share on a column holds that kind of values. */
export const MOST = 0.8;

/** What a value looks like as a whole, and the rule for it; the first that fits counts. */
export const LOOKS: readonly { readonly what: string; readonly pattern: string; readonly rule: string }[] = [
  { what: "e-mail addresses", pattern: "^[^@[:space:]]+@[^@[:space:]]+\\.[^@[:space:]]+$", rule: "email" },
  { what: "IBANs", pattern: "^[A-Z]{2}[0-9]{2}(?: ?[A-Z0-9]){11,30}$", rule: "iban" },
  { what: "social security numbers", pattern: "^[0-9]{3}-[0-9]{2}-[0-9]{4}$", rule: "ssn" },
  { what: "card numbers", pattern: "^[0-9]{4}(?:[ -]?[0-9]{4}){2}[ -]?[0-9]{1,7}$", rule: "card" },
  { what: "telephone numbers", pattern: "^\\+[0-9][0-9 ()./-]{6,18}$", rule: "phone" },
  { what: "IP addresses", pattern: "^[0-9]{1,3}(?:\\.[0-9]{1,3}){3}$", rule: "?" },
];
/** An e-mail address inside of a text. */
export const WITHIN = "[^@[:space:]]+@[^@[:space:]]+\\.[A-Za-z]{2,}";
