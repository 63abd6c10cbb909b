// What people are told of an avatar: that it is one, who it shows, with whose consent, and who signed it.
import type { Avatar } from '../file/avatar';
import { type Consent, outOfTime } from '../file/consent';
import { isToCome } from '../file/fields';
import type { Signing } from '../file/signing';
import { thisDay } from './today';

/** How it looks at a glance: signed and verified, nothing known against it, something is wrong. */
export type Look = 'valid' | 'plain' | 'wrong';

export interface Told {
  look: Look;
  /** what is wrong, in few words; empty where nothing is */
  alert: string;
  /** sentences for who listens, or rests the pointer on it */
  spoken: string;
  /** the whole of it: a name and what there is to say */
  rows: [string, string][];
}

/** characters of a licence that are shown */
const LONGEST_LICENCE = 1000;

/** The same of any avatar of which that much is known; `today` is YYYY-MM-DD. */
export function told(avatar: Pick<Avatar, 'consent' | 'signing' | 'licence'>, today = thisDay()): Told {
  const { consent, signing, licence } = avatar;
  const alerts: string[] = [];
  if (signing.verdict === 'wrong') alerts.push('signature does not fit');
  const early = signing.verdict !== 'wrong' && isToCome(signing.date, today);
  if (early) alerts.push('signature of a day to come');
  const late = consent ? outOfTime(consent, today) : '';
  if (late) alerts.push(`consent ${late}`);
  const signed = `${signature(signing)}${early ? ', a day that has not come' : ''}`;
  const rows: [string, string][] = [
    ['This is', 'An avatar: a computed picture, not one of a camera'],
    ...(consent ? recorded(consent, late) : ([['Consent', 'No record of consent: private']] as [string, string][])),
    ['Signature', signed],
  ];
  if (licence) rows.push(['Licence', cut(licence, LONGEST_LICENCE)]);
  return {
    look: alerts.length ? 'wrong' : signing.verdict === 'valid' ? 'valid' : 'plain',
    alert: alerts.join(', '),
    spoken: `This is an avatar. ${signed}. ${consent ? `Consent of ${consent.subject}${late && `, ${late}`}` : 'No record of consent'}.`,
    rows,
  };
}

function signature({ verdict, name, fingerprint, date }: Signing): string {
  const by = `by ${name}${fingerprint && `, key ${fingerprint}`}, on ${date}`;
  if (verdict === 'valid') return `Signed ${by}`;
  if (verdict === 'unchecked') return `Signed ${by}, not checked here: this browser cannot, or the page is not secure`;
  return verdict === 'wrong' ? 'Signature does not fit: changed or damaged' : 'Unsigned';
}

function recorded(consent: Consent, late: string): [string, string][] {
  const { subject, givenBy, how, date, scope, expires, revocation, spoken } = consent;
  const rows: [string, string][] = [
    ['Shows', subject],
    ['Consent', `Given by ${givenBy} on ${date}: ${how}${late && ` (${late})`}`],
    ['For', scope.filter((use) => use !== 'private').join(', ') || 'private use'],
    ['Until', expires ?? 'No last day'],
  ];
  if (revocation) rows.push(['Taken back at', revocation]);
  if (spoken) {
    const [begins, ends] = [spoken.begins, spoken.ends].map((second) => second.toFixed(1));
    rows.push(['Spoken', `A code of ${spoken.date}, heard from ${begins} s to ${ends} s of the footage`]);
  }
  return rows;
}

function cut(text: string, most: number): string {
  return text.length <= most ? text : `${text.slice(0, most - 1)}\u2026`;
}
