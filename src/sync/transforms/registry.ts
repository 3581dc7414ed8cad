import { address } from "./address.ts";
import { card } from "./card.ts";
import { city } from "./city.ts";
import { company } from "./company.ts";
import { email } from "./email.ts";
import { expr } from "./expr.ts";
import { filler } from "./filler.ts";
import { firstName } from "./first-name.ts";
import { fullName } from "./full-name.ts";
import { hstore } from "./hstore.ts";
import { iban } from "./iban.ts";
import { integer } from "./integer.ts";
import { json } from "./json.ts";
import { lastName } from "./last-name.ts";
import { mask } from "./mask.ts";
import { network } from "./network.ts";
import { phone } from "./phone.ts";
import { postcode } from "./postcode.ts";
import { scrub } from "./scrub.ts";
import { shift } from "./shift.ts";
import { ssn } from "./ssn.ts";
import { token } from "./token.ts";
import type { Family } from "../plan.ts";
import type { Transform } from "./transform.ts";
import { username } from "./username.ts";
import { uuid } from "./uuid.ts";
import { value } from "./value.ts";
import { year } from "./year.ts";

/** Every transform, in the order of the reference. */
export const TRANSFORMS: readonly Transform[] = [
  email,
  username,
  token,
  firstName,
  lastName,
  fullName,
  company,
  city,
  address,
  phone,
  postcode,
  card,
  iban,
  ssn,
  uuid,
  integer,
  shift,
  year,
  network,
  mask,
  scrub,
  filler,
  value,
  expr,
  json,
  hstore,
];

export const TRANSFORM_NAMES: readonly string[] = TRANSFORMS.map(({ name }) => name);

export function transformNamed(name: string): Transform | undefined {
  return TRANSFORMS.find((transform) => transform.name === name);
}

/** Transforms for the type of a column, but for those that take every type. */
export function fittingNames(column: Parameters<typeof familyOf>[0]): string[] {
  const family = familyOf(column);
  return TRANSFORMS.flatMap(({ name, takes }) => (takes !== "any" && takes.includes(family) ? [name] : []));
}

const FAMILIES: Readonly<Record<string, Family>> = {
  text: "text",
  varchar: "text",
  bpchar: "text",
  name: "text",
  int2: "integer",
  int4: "integer",
  int8: "integer",
  uuid: "uuid",
  date: "date",
  timestamp: "timestamp",
  timestamptz: "timestamp",
  inet: "network",
  cidr: "network",
  json: "json",
  jsonb: "json",
  numeric: "number",
  float4: "number",
  float8: "number",
  money: "number",
};

/** Types of extensions. */
const ELSEWHERE: Readonly<Record<string, Family>> = { citext: "text", hstore: "hstore" };

/** The family of a type, or of an array's elements. */
export function familyOf({
  baseType,
  typeSchema,
  typeKind,
}: {
  baseType: string;
  typeSchema: string;
  typeKind: string;
}): Family {
  if (typeKind !== "b") return "other";
  return (typeSchema === "pg_catalog" ? FAMILIES[baseType] : ELSEWHERE[baseType]) ?? "other";
}
