// What fields of records may hold, whoever wrote them.

const DAY = 86_400_000;

/** Whether a value is so many lower-case hexadecimal digits. */
export function isHex(value: unknown, digits: number): value is string {
  return typeof value === 'string' && value.length === digits && /^[0-9a-f]*$/.test(value);
}

/** Whether a value is a line of text of 1 to `longest` characters, not all of them blank unless `blank`. */
export function isLine(value: unknown, longest: number, blank = false): value is string {
  if (typeof value !== 'string' || !value.length || (!blank && !value.trim())) return false;
  return [...value].length <= longest && /^(?:[^\p{C}\p{Z}]| )+$/u.test(value);
}

/** Whether a text is a day of the calendar, YYYY-MM-DD. */
export function isDay(value: unknown): value is string {
  if (typeof value !== 'string' || !/^\d{4}-\d\d-\d\d$/.test(value) || value < '0001') return false;
  const day = new Date(`${value}T00:00:00Z`);
  return !Number.isNaN(day.getTime()) && day.toISOString().startsWith(value);
}

/** Whether a day has not come on the day `today`, both YYYY-MM-DD. */
export function isToCome(day: string, today: string): boolean {
  // Somewhere on Earth it is the next day already.
  return day > new Date(Date.parse(`${today}T00:00:00Z`) + DAY).toISOString().slice(0, 10);
}
