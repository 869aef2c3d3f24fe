/** Times as Slack writes them, in the reader's time zone. Slack's `ts` is seconds, with a sequence number after the dot. */

const format = (options) => new Intl.DateTimeFormat("en-US", options);

const TIME = format({ hour: "numeric", minute: "2-digit" });
const TIME_SECS = format({ hour: "numeric", minute: "2-digit", second: "2-digit" });
const WEEKDAY = format({ weekday: "long" });
const MONTH = format({ month: "long" });
const MONTH_SHORT = format({ month: "short" });
const SLASH = format({ year: "numeric", month: "2-digit", day: "2-digit" });

export const dateOf = (ts) => new Date(Number.parseFloat(ts) * 1000);
export const clock = (ts) => TIME.format(dateOf(ts));
export const exact = (ts) => `${longDate(dateOf(ts))} at ${TIME_SECS.format(dateOf(ts))}`;

function ordinal(day) {
  const tens = day % 100;
  if (tens >= 11 && tens <= 13) return `${day}th`;
  return `${day}${["th", "st", "nd", "rd"][day % 10] ?? "th"}`;
}

const plainDate = (date) => `${MONTH.format(date)} ${ordinal(date.getDate())}, ${date.getFullYear()}`;
const shortDate = (date) => `${MONTH_SHORT.format(date)} ${date.getDate()}, ${date.getFullYear()}`;
const longDate = (date) => `${WEEKDAY.format(date)}, ${plainDate(date)}`;
const two = (number) => String(number).padStart(2, "0");
const numericDate = (date) => `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;

/** Days between the date's local midnight and today's: 0 today, -1 yesterday, 1 tomorrow. */
function daysFromToday(date) {
  const midnight = (d) => new Date(d.getFullYear(), d.getMonth(), d.getDate()).getTime();
  return Math.round((midnight(date) - midnight(new Date())) / 86_400_000);
}

const RELATIVE = { "-1": "yesterday", 0: "today", 1: "tomorrow" };
const pretty = (date, otherwise) => RELATIVE[daysFromToday(date)] ?? otherwise(date);
const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);

const dayWithoutYear = (date) => {
  const text = `${WEEKDAY.format(date)}, ${MONTH.format(date)} ${ordinal(date.getDate())}`;
  return date.getFullYear() === new Date().getFullYear() ? text : longDate(date);
};

/** The label of a day divider: Today, Yesterday, Monday, November 3rd. */
export const dayLabel = (ts) => capital(pretty(dateOf(ts), dayWithoutYear));

/** A key for the day of a message. */
export const dayKey = (ts) => numericDate(dateOf(ts));

const AGO = [[31_536_000, "year"], [2_592_000, "month"], [86_400, "day"], [3600, "hour"], [60, "minute"]];

/** "3 minutes ago", "in 2 hours", and "just now" for less than a minute. */
export function ago(ts) {
  const seconds = (Date.now() - dateOf(ts).getTime()) / 1000;
  const [size, unit] = AGO.find(([limit]) => Math.abs(seconds) >= limit) ?? [];
  if (size === undefined) return "just now";
  const count = Math.floor(Math.abs(seconds) / size);
  const text = `${count} ${unit}${count === 1 ? "" : "s"}`;
  return seconds > 0 ? `${text} ago` : `in ${text}`;
}

/** The tokens of date formatting (docs.slack.dev: formatting message text), which the rich text date element has too. */
const TOKENS = {
  date_num: numericDate,
  date_slash: (date) => SLASH.format(date),
  date: plainDate,
  date_short: shortDate,
  date_long: longDate,
  date_long_full: plainDate,
  date_pretty: (date) => pretty(date, plainDate),
  date_short_pretty: (date) => pretty(date, shortDate),
  date_long_pretty: (date) => pretty(date, longDate),
  day_divider_pretty: (date) => pretty(date, dayWithoutYear),
  time: (date) => TIME.format(date),
  time_secs: (date) => TIME_SECS.format(date),
  ago: (date) => ago(date.getTime() / 1000),
};

/** A filled <!date^…> template, or null if the timestamp or a token is invalid: then the fallback is shown. */
export function slackDate(timestamp, template) {
  const date = dateOf(timestamp);
  if (Number.isNaN(date.getTime())) return null;
  let known = true;
  const text = template.replace(/\{(\w+)\}/g, (all, token, offset) => {
    if (!Object.hasOwn(TOKENS, token)) known = false;
    const value = TOKENS[token]?.(date) ?? all;
    return offset === 0 ? capital(value) : value;
  });
  return known ? text : null;
}
