import { wordOf } from "./pick.ts";
import { CITIES } from "./words.ts";

export const city = wordOf(CITIES, { name: "city", summary: "The name of a city out of 128.", result: "Lisbon" });
