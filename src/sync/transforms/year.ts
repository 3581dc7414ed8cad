import { PARTIAL, type Transform } from "./transform.ts";

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
      maxLength: "original",
      expression: (value) =>
        baseType === "date" ? `date_trunc('year', ${value}::timestamp)::date` : `date_trunc('year', ${value})`,
    };
  },
};
