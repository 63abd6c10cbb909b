/** The day where the browser is, YYYY-MM-DD: by it consents and signatures hold. */
export function thisDay(): string {
  const now = new Date();
  return new Date(now.getTime() - 60_000 * now.getTimezoneOffset()).toISOString().slice(0, 10);
}

/** The day by universal time, YYYY-MM-DD: of watermarks, which tell nothing of where they were made. */
export function universalDay(): string {
  return new Date().toISOString().slice(0, 10);
}
