/** What a person who looks can act on: one sentence, shown as it is. */
export class PageError extends Error {}

/** The sentence of anything that was thrown. */
export function sentence(error: unknown): string {
  if (error instanceof PageError) return error.message;
  return `The page failed (${error instanceof Error ? error.message : String(error)}).`;
}
