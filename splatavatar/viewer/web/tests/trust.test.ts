import { afterEach, describe, expect, it, vi } from 'vitest';
import { outOfTime, readConsent } from '../src/file/consent';
import { readAvatar } from '../src/file/read_avatar';
import { readSignature, signedBytes } from '../src/file/signature';
import { bytesOf, trust } from './golden';

const whole = bytesOf(trust.file);

/** A file with the text of its header changed, no longer than it was. */
function changed(from: string, to: string): ArrayBuffer {
  const text = Array.from(whole, (byte) => String.fromCharCode(byte)).join('');
  const at = text.indexOf(from);
  expect(at).toBeGreaterThan(0);
  const bytes = whole.slice();
  for (let i = 0; i < to.length; i++) bytes[at + i] = to.charCodeAt(i);
  return bytes.buffer;
}

afterEach(() => vi.unstubAllGlobals());

describe('a record of consent', () => {
  it.each(trust.consents.map(({ value, record }, i) => [i, value, record] as const))(
    'number %i is read as Python reads it',
    (_, value, record) => {
      if (record === null) {
        expect(() => readConsent(value)).toThrow(/^This is not an intact avatar: its record of consent .*\.$/);
        return;
      }
      const found = readConsent(value);
      expect(found).toMatchObject({
        subject: record.subject,
        givenBy: record.given_by,
        how: record.how,
        date: record.date,
        expires: record.expires ?? null,
        revocation: record.revocation ?? null,
      });
      expect(found.scope).toEqual(Object.keys(record.scope).filter((name) => record.scope[name]));
      if (record.spoken) expect(record.spoken).toMatchObject(found.spoken!);
      else expect(found.spoken).toBeNull();
    },
  );

  it('holds on its last day, and not after it', () => {
    const record = readConsent(trust.consents[0]!.value);
    expect([outOfTime(record, '2028-02-29'), outOfTime(record, '2028-03-01')]).toEqual(['', 'expired']);
    expect(outOfTime({ ...record, expires: null }, '2999-12-31')).toBe('');
  });

  it('holds where the day has not yet come, but for those of days to come', () => {
    const record = readConsent(trust.consents[0]!.value);
    expect([outOfTime(record, '2026-11-26'), outOfTime(record, '2026-11-25')]).toEqual(['', 'not yet given']);
  });
});

describe('the entry of a signature', () => {
  it.each(trust.entries.map(({ text, signed }, i) => [i, text, signed] as const))(
    'number %i is read as Python reads it',
    (_, text, signed) => {
      const found = readSignature(text);
      expect(found && new TextDecoder().decode(signedBytes(found))).toBe(signed);
    },
  );
});

describe('a signed file', () => {
  it('is verified, and says by whom', async () => {
    const { signing, consent } = await readAvatar(whole.slice().buffer);
    expect(signing).toEqual({
      verdict: 'valid',
      name: trust.name,
      date: '2026-11-27',
      fingerprint: trust.fingerprint,
    });
    expect(consent?.subject).toBe('Ada L\u00f6we');
  });

  it('is not checked where the browser does not know Ed25519, or the origin is not secure', async () => {
    const { subtle } = globalThis.crypto;
    const importKey = async () => {
      throw new DOMException('', 'NotSupportedError');
    };
    vi.stubGlobal('crypto', { subtle: { importKey, digest: subtle.digest.bind(subtle) } });
    const old = (await readAvatar(whole.slice().buffer)).signing;
    expect([old.verdict, old.fingerprint]).toEqual(['unchecked', trust.fingerprint]);
    vi.stubGlobal('crypto', {});
    const open = (await readAvatar(whole.slice().buffer)).signing;
    expect([open.verdict, open.name, open.fingerprint]).toEqual(['unchecked', trust.name, '']);
  });

  it.each([
    ['another name', 'Söhne'.slice(2), 'hnf'],
    ['another day', '\\"date\\":\\"2026-11-27\\",\\"key', '\\"date\\":\\"2026-11-28\\",\\"key'],
    ['no JSON', '"signature":"{', '"signature":"['],
  ])('with %s in its signature does not fit', async (_, from, to) => {
    expect((await readAvatar(changed(from, to))).signing.verdict).toBe('wrong');
  });

  it('whose signature is of another file does not fit, checksum or none', async () => {
    const text = Array.from(whole, (byte) => String.fromCharCode(byte)).join('');
    const digest = /"sha256":"([0-9a-f]{64})"/.exec(text)![1]!;
    const other = `${digest.slice(0, -1)}${digest.endsWith('0') ? '1' : '0'}`;
    const buffer = changed(`\\"sha256\\":\\"${digest}`, `\\"sha256\\":\\"${other}`);
    expect((await readAvatar(buffer)).signing.verdict).toBe('wrong');
    vi.stubGlobal('crypto', {});
    expect((await readAvatar(buffer)).signing.verdict).toBe('wrong');
  });

  it('is refused, or does not count as signed, after a change of any byte', async () => {
    const believed: number[] = [];
    for (let at = 0; at < whole.length; at++) {
      const bytes = whole.slice();
      bytes[at]! ^= 1 << (at % 8);
      try {
        if ((await readAvatar(bytes.buffer)).signing.verdict === 'valid') believed.push(at);
      } catch {
        // refused with a sentence: tests of the file look at it
      }
    }
    expect(believed).toEqual([]);
  }, 60_000);
});
