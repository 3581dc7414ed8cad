import { expect, test } from "bun:test";
import { saslprep } from "#database/authentication/saslprep.ts";

test.each([
  ["hunter2", "hunter2"],
  ["Zu\u0308rich", "Zürich"],
  ["I\u00adX", "IX"],
  ["no\u00a0break", "no break"],
  ["o\ufb03ce", "office"],
  ["\u2168", "IX"],
  ["\u00aa", "a"],
  // Of right-to-left text, only what begins and ends with it is normalised.
  ["\u0627\u00ad\u0628", "\u0627\u0628"],
  ["\u06271\u00ad", "\u06271\u00ad"],
  ["\u0627\u00ada\u0628", "\u0627\u00ada\u0628"],
])("%j becomes %j", (password, prepared) => {
  expect(saslprep(password)).toBe(prepared);
});

test.each([
  "",
  "\u00ad",
  "Zu\u0308rich \u0007",
  "Zu\u0308rich 🍓",
  "Zu\u0308rich \u{e0001}",
  "Zu\u0308rich \u{10ffff}",
])("%j is taken as it is", (password) => {
  expect(saslprep(password)).toBe(password);
});
