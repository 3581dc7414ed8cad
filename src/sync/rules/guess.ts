import type { Family } from "../plan.ts";
import type { SourceColumn, SourceTable } from "../source/catalogue.ts";
import { familyOf } from "../transforms/registry.ts";

interface Guess {
  readonly name: RegExp;
  readonly families: readonly Family[];
  readonly rule: string;
}

/** Whoever has such a value may act for somebody else. */
const SECRET = /token|secret|passw|api_?key|(^|_)(otp|session|nonce)/;

/** From the most telling name on. */
const BY_NAME: readonly Guess[] = [
  { name: /e_?mail/, families: ["text"], rule: "email" },
  { name: /pass(word|wd|phrase)?(_|$)|secret|api_?key|_salt$|otp/, families: ["text"], rule: '{ value: "x" }' },
  { name: /(^|_)token/, families: ["text"], rule: "token" },
  { name: SECRET, families: ["uuid"], rule: "uuid" },
  { name: /(first|given|fore)_?name|vorname|prenom/, families: ["text"], rule: "first_name" },
  { name: /(last|family|sur)_?name|nachname/, families: ["text"], rule: "last_name" },
  { name: /(full|display|contact|customer|person|holder|recipient)_?name/, families: ["text"], rule: "full_name" },
  { name: /user_?name|login|nick/, families: ["text"], rule: "username" },
  { name: /company|employer|organi[sz]ation_name/, families: ["text"], rule: "company" },
  { name: /phone|mobile|(^|_)(tel|fax)(_|$)/, families: ["text"], rule: "phone" },
  { name: /post_?(al_?)?code|(^|_)(zip|plz)/, families: ["text"], rule: "postcode" },
  { name: /(^|_)(city|town)(_|$)/, families: ["text"], rule: "city" },
  { name: /iban/, families: ["text"], rule: "iban" },
  { name: /card_?(number|no)|(^|_)pan(_|$)/, families: ["text"], rule: "card" },
  { name: /(^|_)ssn(_|$)|social_security/, families: ["text"], rule: "ssn" },
  { name: /street|address|passport|licen[cs]e_(no|number)/, families: ["text"], rule: "filler" },
  { name: /(^|_)ip(_|$)|address/, families: ["network"], rule: "network" },
  { name: /birth|(^|_)(dob|born)(_|$)/, families: ["date", "timestamp"], rule: "year" },
  { name: /(^|_)(bio|notes?|comments?|message|body|description|remarks?)(_|$)/, families: ["text"], rule: "filler" },
];

/** A text that says when or from where something was done, whatever else is in its name: `last_login_at`, `emailSentOn`. */
const CIRCUMSTANCE = /_(?:at|on|date|time|ip)$|[a-z](?:At|On|Date|Time|Ip|IP)$/;

/** What may only be told of a person with good reason: health, origin, belief, sex life, offences (Articles 9 and 10 of the GDPR). */
const SENSITIVE =
  /gender|(^|_)sex(_|$|ual)|salutation|pregnan|diagnos|disease|illness|(^|_)health|medical|disab(led_person|ilit)|handicap|(^|_)blood|(^|_)hiv|allerg|smok(er|es|ing)|alcohol|addict|vaccin|(^|_)genetic|religio|(^|_)faith|ethnic|(^|_)rac(e|ial)(_|$)|nationality|citizenship|marital|civil_status|orientation|politic|(^|_)party(_|$)|union_?member|convict|criminal|offen[cs]e/;

/** Whether a name says that something sensitive about a person is in what has it, also `isPregnant`. */
export function namesSensitive(...names: readonly string[]): boolean {
  return names.some((name) => SENSITIVE.test(name.replaceAll(/([a-z])([A-Z])/g, "$1_$2").toLowerCase()));
}

/** What a column's name and type say; undefined where they say nothing. */
export function guessByName(column: SourceColumn): string | undefined {
  const family = familyOf(column);
  if (family === "text" && CIRCUMSTANCE.test(column.name)) return undefined;
  const names = namesOf(column);
  return BY_NAME.find((guess) => guess.families.includes(family) && names.some((name) => guess.name.test(name)))?.rule;
}

/** Whether a column is of a primary key, and its values are numbers or UUIDs that say nothing. */
export function isPlainKey({ unique }: SourceTable, column: SourceColumn): boolean {
  const isKey = unique.some(({ isPrimary, columns }) => isPrimary && columns.includes(column.number));
  return isKey && !SECRET.test(column.name.toLowerCase()) && ["integer", "uuid"].includes(familyOf(column));
}

/** Rules for what a table about people has. */
const OF_PEOPLE: ReadonlySet<string | undefined> = new Set([
  "email",
  "first_name",
  "last_name",
  "full_name",
  "username",
  "phone",
  "ssn",
  "year",
]);

/** Whether a column's name says that its table is about people. */
export function namesPerson(column: SourceColumn): boolean {
  return OF_PEOPLE.has(guessByName(column));
}

/** The rule for a text of that name. */
export function guessText(name: string): string | undefined {
  if (CIRCUMSTANCE.test(name)) return undefined;
  const lower = name.toLowerCase();
  return BY_NAME.find((guess) => guess.families.includes("text") && guess.name.test(lower))?.rule;
}

/** Whether a column's name or type says that its values are somebody's, whatever can be made of them. */
export function looksPersonal(column: SourceColumn): boolean {
  const isNamed = namesOf(column).some((name) => SECRET.test(name) || BY_NAME.some((guess) => guess.name.test(name)));
  return isNamed || familyOf(column) === "network";
}

/** Its name, and that of its domain: somebody may have named the type. */
function namesOf({ name, type, isDomain }: SourceColumn): string[] {
  return [name, ...(isDomain ? [type] : [])].map((each) => each.toLowerCase());
}
