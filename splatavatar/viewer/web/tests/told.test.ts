import { describe, expect, it } from 'vitest';
import { readConsent } from '../src/file/consent';
import type { Signing, Verdict } from '../src/file/signing';
import { told } from '../src/trust/told';
import { trust } from './golden';

const consent = readConsent(trust.consents[0]!.value);
const signing = (verdict: Verdict): Signing =>
  verdict === 'unsigned'
    ? { verdict, name: '', date: '', fingerprint: '' }
    : { verdict, name: 'Ada', date: '2026-11-27', fingerprint: '1234 5678' };
const TODAY = '2027-01-01';

describe('what people are told', () => {
  it('is who is shown, with whose consent, and who signed', () => {
    const { look, alert, spoken, rows } = told({ consent, signing: signing('valid'), licence: 'CC0' }, TODAY);
    expect([look, alert]).toEqual(['valid', '']);
    expect(spoken).toBe('This is an avatar. Signed by Ada, key 1234 5678, on 2026-11-27. Consent of Ada L\u00f6we.');
    expect(Object.fromEntries(rows)).toEqual({
      'This is': 'An avatar: a computed picture, not one of a camera',
      Shows: 'Ada L\u00f6we',
      Consent: 'Given by Ada L\u00f6we on 2026-11-27: asked at the terminal',
      For: 'calls',
      Until: '2028-02-29',
      'Taken back at': 'https://example.org/ada, or mail to ada@example.org',
      Spoken: 'A code of 2026-11-27, heard from 1.5 s to 6.3 s of the footage',
      Signature: 'Signed by Ada, key 1234 5678, on 2026-11-27',
      Licence: 'CC0',
    });
  });

  it('is that there is nothing on record', () => {
    const { look, alert, spoken, rows } = told({ consent: null, signing: signing('unsigned'), licence: '' }, TODAY);
    expect([look, alert]).toEqual(['plain', '']);
    expect(spoken).toBe('This is an avatar. Unsigned. No record of consent.');
    expect(rows.slice(1)).toEqual([
      ['Consent', 'No record of consent: private'],
      ['Signature', 'Unsigned'],
    ]);
  });

  it.each([
    ['wrong', TODAY, 'wrong', 'signature does not fit'],
    ['wrong', '2028-03-01', 'wrong', 'signature does not fit, consent expired'],
    ['valid', '2028-03-01', 'wrong', 'consent expired'],
    ['valid', '2028-02-29', 'valid', ''],
    ['valid', '2025-01-01', 'wrong', 'signature of a day to come, consent not yet given'],
    ['unchecked', TODAY, 'plain', ''],
    ['unchecked', '2026-11-25', 'wrong', 'signature of a day to come, consent not yet given'],
  ] as const)('of a signature that is %s on %s is %s: "%s"', (verdict, today, look, alert) => {
    const found = told({ consent, signing: signing(verdict), licence: '' }, today);
    expect([found.look, found.alert]).toEqual([look, alert]);
  });

  it('is that a signature is of a day to come', () => {
    const of = (today: string) => told({ consent: null, signing: signing('valid'), licence: '' }, today);
    expect(of('2026-11-26').look).toBe('valid');
    const { look, spoken } = of('2026-11-25');
    expect(look).toBe('wrong');
    expect(spoken).toMatch(/^This is an avatar. Signed by Ada, .*, on 2026-11-27, a day that has not come\. /);
  });

  it('is never more of a licence than can be read', () => {
    const { rows } = told({ consent: null, signing: signing('unsigned'), licence: 'x'.repeat(60_000) }, TODAY);
    expect(rows.at(-1)![1]).toHaveLength(1000);
  });
});
