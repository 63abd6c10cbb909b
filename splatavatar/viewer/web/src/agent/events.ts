// What is told of speech as it is said: JSON of a service, a bot or a worker.

/** characters of a message, of its type and of a text in it */
const LARGEST = 64 << 10;
const LONGEST_TYPE = 40;
const LONGEST_TEXT = 2_000;

/** Something that happened: a segment of speech has `started`, `finished` or was `interrupted`, or another type. */
export interface AgentEvent {
  type: string;
  /** which segment of speech, counted from 0 */
  segment: number | null;
  /** seconds of it that were heard */
  position: number | null;
  /** words, or what went wrong, where there are any */
  text: string;
}

/** The event in a message; null where it is none. */
export function readEvent(message: unknown): AgentEvent | null {
  if (typeof message !== 'string' || message.length > LARGEST) return null;
  let value: unknown;
  try {
    value = JSON.parse(message);
  } catch {
    return null;
  }
  return eventOf(value);
}

/** The event that a parsed message is; null where it is none. */
export function eventOf(value: unknown): AgentEvent | null {
  if (typeof value !== 'object' || value === null) return null;
  const { type, segment, position, text, error } = value as Record<string, unknown>;
  if (typeof type !== 'string' || !type || type.length > LONGEST_TYPE) return null;
  const number = (given: unknown) => (typeof given === 'number' && Number.isFinite(given) && given >= 0 ? given : null);
  const words = [text, error].find((given) => typeof given === 'string') as string | undefined;
  return { type, segment: number(segment), position: number(position), text: (words ?? '').slice(0, LONGEST_TEXT) };
}
