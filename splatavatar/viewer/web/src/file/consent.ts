// The record of consent in the metadata of an avatar; `avatar/consent.py` defines it.
import { CONSENT_LENGTHS, SCOPES } from '../tables';
import { defect, isTable } from './container';
import { isDay, isHex, isLine, isToCome } from './fields';

export type Scope = (typeof SCOPES)[number];

/** That the person on the footage said a sentence with a code that was made for this moment. */
export interface SpokenProof {
  /** seconds of the clip */
  begins: number;
  ends: number;
  date: string;
}

/** The consent of a person to be shown as an avatar, in the words of whoever baked it; dates are YYYY-MM-DD. */
export interface Consent {
  /** who is shown */
  subject: string;
  givenBy: string;
  how: string;
  date: string;
  /** what is allowed, in the order of `SCOPES` */
  scope: Scope[];
  /** the last day on which it holds */
  expires: string | null;
  /** where the person takes it back: words, never an address to open */
  revocation: string | null;
  spoken: SpokenProof | null;
}

const NEEDED = ['subject', 'given_by', 'how', 'date', 'scope'];
const FIELDS = [...NEEDED, 'expires', 'revocation', 'sources', 'spoken'];
const SPOKEN = 'begins,date,ends,sha256';
const { LONGEST_NAME, LONGEST_TEXT, MOST_SOURCES } = CONSENT_LENGTHS;

/** The record of a file that nobody vouches for. Throws a PageError unless it is one in every field. */
export function readConsent(value: unknown): Consent {
  if (!isTable(value)) defect('its record of consent is not a table');
  for (const name of Object.keys(value)) if (!FIELDS.includes(name)) wrong('has an unknown field');
  for (const name of NEEDED) if (!Object.hasOwn(value, name)) wrong(`has no ${name}`);
  const line = (name: string, longest: number) => {
    const text = value[name];
    return isLine(text, longest) ? text : wrong(`has a ${name} that is no line of 1 to ${longest} characters`);
  };
  const date = dayOf(value.date);
  const expires = value.expires === undefined || value.expires === null ? null : dayOf(value.expires);
  if (expires !== null && expires < date) wrong('expires before it was given');
  const { sources = [], spoken = null } = value;
  if (!Array.isArray(sources) || sources.length > MOST_SOURCES || !sources.every((item) => isHex(item, 64)))
    wrong('has sources that are no list of SHA-256');
  return {
    subject: line('subject', LONGEST_NAME),
    givenBy: line('given_by', LONGEST_NAME),
    how: line('how', LONGEST_TEXT),
    date,
    scope: scopeOf(value.scope),
    expires,
    revocation: value.revocation === undefined || value.revocation === null ? null : line('revocation', LONGEST_TEXT),
    spoken: spoken === null ? null : spokenOf(spoken),
  };
}

/** What is wrong with a record on the day `today`, YYYY-MM-DD, in few words; empty where nothing is. */
export function outOfTime({ date, expires }: Consent, today: string): string {
  if (isToCome(date, today)) return 'not yet given';
  return expires !== null && expires < today ? 'expired' : '';
}

function dayOf(value: unknown): string {
  return isDay(value) ? value : wrong('has a date that is no day such as 2026-11-27');
}

function scopeOf(value: unknown): Scope[] {
  if (!isTable(value) || !Object.keys(value).length) wrong('has a scope that is no table');
  for (const [name, allowed] of Object.entries(value))
    if (!SCOPES.includes(name as Scope) || typeof allowed !== 'boolean')
      wrong(`has a scope of other than ${SCOPES.join(', ')}, each true or false`);
  return SCOPES.filter((name) => value[name] === true);
}

function spokenOf(value: unknown): SpokenProof {
  if (!isTable(value) || Object.keys(value).sort().join() !== SPOKEN || !isHex(value.sha256, 64))
    wrong('has a spoken proof that is none');
  const { begins, ends } = value;
  if (!isMoment(begins) || !isMoment(ends) || begins >= ends)
    wrong('has a spoken proof that does not begin before it ends');
  return { begins, ends, date: dayOf(value.date) };
}

function isMoment(value: unknown): value is number {
  return typeof value === 'number' && value >= 0 && value <= 1e6;
}

function wrong(what: string): never {
  return defect(`its record of consent ${what}`);
}
