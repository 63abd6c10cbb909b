/** The day where the browser is, YYYY-MM-DD. */
export function thisDay(): string {
  const now = new Date();
  return new Date(now.getTime() - 60_000 * now.getTimezoneOffset()).toISOString().slice(0, 10);
}
