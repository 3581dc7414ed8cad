/**
 * The local time of a moment in the zone that the variable TZ names, as milliseconds that read as UTC; undefined where
 * TZ names none that is known. TZ is a name ("Europe/Berlin", also after a colon or as a path in a zoneinfo folder) or a
 * rule ("EST5EDT", "<+03>-3", "CET-1CEST,M3.5.0,M10.5.0/3"), as tzset(3) and POSIX have it. Empty is UTC.
 */
export function localTime(time: Date, zone: string): number | undefined {
  const name = zone.replace(/^:/, "").replace(/^\/.*\/zoneinfo\//, "");
  if (name === "") return time.getTime();
  return inNamedZone(time, name) ?? byRule(time, name);
}

function inNamedZone(time: Date, timeZone: string): number | undefined {
  // The engine takes "+03:00" for a name, which means nothing here.
  if (!/^[a-z]/i.test(timeZone)) return undefined;
  let format: Intl.DateTimeFormat;
  try {
    format = new Intl.DateTimeFormat("en-US", { timeZone, hourCycle: "h23", ...PARTS });
  } catch {
    return undefined;
  }
  const parts = Object.fromEntries(format.formatToParts(time).map(({ type, value }) => [type, Number(value)]));
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = parts;
  return Date.UTC(year, month - 1, day, hour, minute, second);
}

const PARTS = {
  year: "numeric",
  month: "numeric",
  day: "numeric",
  hour: "numeric",
  minute: "numeric",
  second: "numeric",
} as const;

const NAME = "(?:<[-+\\w]+>|[A-Za-z]{3,})";
const OFFSET = "[-+]?\\d{1,3}(?::\\d{1,2}){0,2}";
const RULE = new RegExp(`^${NAME}(${OFFSET})(?:${NAME}(${OFFSET})?(?:,([^,]+),([^,]+))?)?$`);
const HAS_SUMMER = new RegExp(`^${NAME}${OFFSET}${NAME}`);

/** What tzset(3) falls back on: the rule of the United States. */
const DEFAULT_SUMMER = ["M3.2.0", "M11.1.0"] as const;

function byRule(time: Date, rule: string): number | undefined {
  const match = RULE.exec(rule);
  if (match === null) return undefined;
  const winter = -readTime(match[1]!);
  const standard = time.getTime() + winter;
  if (!HAS_SUMMER.test(rule)) return standard;
  const summer = match[2] === undefined ? winter + HOUR : -readTime(match[2]);
  const year = new Date(standard).getUTCFullYear();
  const begin = changeOf(year, match[3] ?? DEFAULT_SUMMER[0]);
  const end = changeOf(year, match[4] ?? DEFAULT_SUMMER[1]);
  if (begin === undefined || end === undefined) return undefined;
  const [from, to] = [begin - winter, end - summer];
  const now = time.getTime();
  const isSummer = from < to ? now >= from && now < to : now >= from || now < to;
  return now + (isSummer ? summer : winter);
}

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** "2", "-1:30", "02:00:00" in milliseconds. */
function readTime(text: string): number {
  const [hours = 0, minutes = 0, seconds = 0] = text.replace(/^[-+]/, "").split(":").map(Number);
  return (text.startsWith("-") ? -1 : 1) * (hours * HOUR + minutes * 60_000 + seconds * 1000);
}

/** When the clocks change in a year, in the local time before: "M3.5.0/2" (month, week, weekday), "J60" or "59". */
function changeOf(year: number, text: string): number | undefined {
  const match = /^(?:M(\d+)\.([1-5])\.([0-6])|(J?)(\d+))(?:\/([-+]?\d+(?::\d+){0,2}))?$/.exec(text);
  if (match === null) return undefined;
  const at = match[6] === undefined ? 2 * HOUR : readTime(match[6]);
  if (match[5] !== undefined) {
    // J60 is 1 March in every year; 59 counts 29 February.
    const day = Number(match[5]) - (match[4] === "J" ? 1 : 0);
    const leap = match[4] === "J" && day >= 59 && new Date(Date.UTC(year, 1, 29)).getUTCMonth() === 1 ? 1 : 0;
    return Date.UTC(year, 0, 1) + (day + leap) * DAY + at;
  }
  const [month, week, weekday] = [Number(match[1]) - 1, Number(match[2]), Number(match[3])];
  const first = new Date(Date.UTC(year, month, 1));
  let day = 1 + ((weekday - first.getUTCDay() + 7) % 7) + (week - 1) * 7;
  const length = new Date(Date.UTC(year, month + 1, 0)).getUTCDate();
  while (day > length) day -= 7;
  return Date.UTC(year, month, day) + at;
}
