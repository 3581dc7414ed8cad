import { ConfitureError } from "#errors/error.ts";
import type { TypeHandlers } from "./arrays.ts";

/** The driver's limit for one statement; the protocol's own is 65,535. */
const MOST_PARAMETERS = 65_533;

/** Numbers of the types date, timestamp and timestamptz in pg_type. */
const DATES = [1082, 1114, 1184];

/**
 * Refuses what the driver would stumble over when half of it is sent.
 * @throws ConfitureError `parameter_invalid`
 */
export function requireParameters(parameters: readonly unknown[]): void {
  if (parameters.length > MOST_PARAMETERS) {
    throw new ConfitureError(
      "parameter_invalid",
      `The statement has ${parameters.length} parameters, and ${MOST_PARAMETERS} is the most that one can have`,
      { hint: "Split it, or pass arrays: INSERT INTO t SELECT * FROM unnest($1::int[], $2::text[])." },
    );
  }
  const at = parameters.indexOf(undefined);
  if (at < 0) return;
  throw new ConfitureError("parameter_invalid", `Parameter $${at + 1} is undefined`, {
    hint: "Pass null for NULL. An undefined value is often a misspelt property.",
  });
}

/** Makes the driver's serializers say what is wrong with a value, and leave dates that are text to PostgreSQL. */
export function guardSerializers({ serializers }: TypeHandlers): void {
  for (const [type, serialize] of Object.entries(serializers)) {
    const takesText = DATES.includes(Number(type));
    serializers[Number(type)] = (value) => {
      if (takesText && typeof value === "string") return value;
      try {
        return serialize(value);
      } catch (cause) {
        throw new ConfitureError("parameter_invalid", `A parameter cannot be sent: ${(cause as Error).message}`, {
          hint: "Its value does not fit the type that PostgreSQL expects there.",
          cause,
        });
      }
    };
  }
}
