import { matching, PARTIAL, type Transform } from "./transform.ts";

export const year: Transform = {
  name: "year",
  summary: "The first day of the year.",
  result: "1987-01-01",
  examples: ["year"],
  takes: ["date", "timestamp"],
  make(options, { baseType }) {
    options.none();
    return {
      class: "lossy",
      proof: PARTIAL,
      // As ISO writes it.
      mayBeResult: matching("^[0-9]+-01-01( 00:00:00([+-][0-9:]+)?)?( BC)?$|infinity|^471[34]-.* BC$"),
      maxLength: "original",
      // The type has no first day of its first year, and a timestamp ends before a date does.
      expression: (value) =>
        baseType === "date"
          ? `(CASE WHEN ${value} >= '4713-01-01 BC' AND ${value} < 'infinity' THEN make_date(extract(year FROM ${value})::int, 1, 1) ELSE ${value} END)`
          : `(CASE WHEN ${value} >= '4713-01-03 00:00:00+00 BC' THEN date_trunc('year', ${value}) ELSE ${value} END)`,
    };
  },
};
