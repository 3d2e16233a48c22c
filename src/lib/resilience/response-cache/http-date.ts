const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const DAY_MS = 86_400_000;
const FIFTY_YEARS_MS = 50 * 365.25 * DAY_MS;

/** The three forms that a recipient must read (RFC 9110 section 5.6.7): IMF-fixdate, RFC 850, asctime. */
const FORMS = [
  /^[A-Z][a-z]{2}, (?<day>\d{2}) (?<month>[A-Z][a-z]{2}) (?<year>\d{4}) (?<time>\d{2}:\d{2}:\d{2}) GMT$/,
  /^[A-Z][a-z]{5,8}, (?<day>\d{2})-(?<month>[A-Z][a-z]{2})-(?<year>\d{2}) (?<time>\d{2}:\d{2}:\d{2}) GMT$/,
  /^[A-Z][a-z]{2} (?<month>[A-Z][a-z]{2}) (?<day>[ \d]\d) (?<time>\d{2}:\d{2}:\d{2}) (?<year>\d{4})$/,
];

/**
 * An HTTP-date in Unix milliseconds, or undefined for anything else (`0` and `-1` in Expires are no dates). `wallMs` decides the century of a
 * two-digit year: one that seems more than 50 years ahead has passed.
 */
export function parseHttpDate(text: string, wallMs: number): number | undefined {
  for (const form of FORMS) {
    const parts = form.exec(text)?.groups;
    if (parts !== undefined) return unixMs(parts, wallMs);
  }
  return undefined;
}

function unixMs(parts: Readonly<Record<string, string | undefined>>, wallMs: number): number | undefined {
  const [hour = 99, minute = 99, second = 99] = (parts.time ?? '').split(':').map(Number);
  const month = MONTHS.indexOf(parts.month ?? '');
  const day = Number(parts.day);
  const year = Number(parts.year);
  // 60 is a leap second.
  if (month === -1 || day < 1 || day > 31 || hour > 23 || minute > 59 || second > 60) return undefined;
  const ofYear = (fullYear: number): number => Date.UTC(fullYear, month, day, hour, minute, second);
  return (parts.year ?? '').length === 2 ? nearestCentury(year, ofYear, wallMs) : ofYear(year);
}

function nearestCentury(shortYear: number, ofYear: (year: number) => number, wallMs: number): number {
  const century = Math.floor(new Date(wallMs).getUTCFullYear() / 100) * 100;
  const guess = ofYear(century + shortYear);
  return guess > wallMs + FIFTY_YEARS_MS ? ofYear(century - 100 + shortYear) : guess;
}
