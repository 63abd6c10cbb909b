import { afterEach, describe, expect, it, vi } from 'vitest';
import { PageError } from '../src/errors';
import { outOfTime, readConsent } from '../src/file/consent';
import { readAvatar } from '../src/file/read_avatar';
import { readSignature, signedBytes } from '../src/file/signature';
import { told } from '../src/trust/told';
import { bytesOf, spliced, trust } from './golden';

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

/** What the page says of a file, in the words of Python. */
async function verdict(buffer: ArrayBuffer, today = '2026-11-27'): Promise<string> {
  const avatar = await readAvatar(buffer).catch((error) => {
    expect(error).toBeInstanceOf(PageError);
    return null;
  });
  if (!avatar) return 'refused';
  const { look } = told(avatar, today);
  return look === 'plain' ? avatar.signing.verdict : look;
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

  it.each([`01${'00'.repeat(31)}`, `01${'00'.repeat(30)}80`, `ee${'ff'.repeat(31)}`])(
    'with the key %s, by which anybody signs anything, does not fit',
    async (key) => {
      const text = Array.from(whole, (byte) => String.fromCharCode(byte)).join('');
      const [, own, signature] = /\\"key\\":\\"([0-9a-f]{64}).*?\\"signature\\":\\"([0-9a-f]{128})/.exec(text)!;
      const forged = text.replace(own!, key).replace(signature!, `01${'00'.repeat(63)}`);
      const bytes = Uint8Array.from(forged, (character) => character.charCodeAt(0));
      expect((await readAvatar(bytes.buffer)).signing.verdict).toBe('wrong');
    },
  );

  it('whose signature is of another file does not fit, checksum or none', async () => {
    const text = Array.from(whole, (byte) => String.fromCharCode(byte)).join('');
    const digest = /"sha256":"([0-9a-f]{64})"/.exec(text)![1]!;
    const other = `${digest.slice(0, -1)}${digest.endsWith('0') ? '1' : '0'}`;
    const buffer = changed(`\\"sha256\\":\\"${digest}`, `\\"sha256\\":\\"${other}`);
    expect((await readAvatar(buffer)).signing.verdict).toBe('wrong');
    vi.stubGlobal('crypto', {});
    expect((await readAvatar(buffer)).signing.verdict).toBe('wrong');
  });

  it.each(trust.files.map((file) => [file.what, file] as const))('%s is what Python calls it', async (_, file) => {
    const found = await verdict(spliced(whole, file));
    // The browser's JSON forgives a key that is there twice; the layout does not.
    expect(found).toBe(file.what === 'with an entry twice' ? 'wrong' : file.verdict);
  });

  it.each(Object.entries(trust.days))('is on %s what Python calls it: %s', async (today, expected) => {
    expect(await verdict(whole.slice().buffer, today)).toBe(expected);
  });

  it('is after a change of any byte what Python calls it', async () => {
    const otherwise: [number, string, string][] = [];
    expect(trust.flips).toHaveLength(whole.length);
    for (let at = 0; at < whole.length; at++) {
      const bytes = whole.slice();
      bytes[at]! ^= 1 << (at % 8);
      const found = await verdict(bytes.buffer);
      if (found[0] !== trust.flips[at]) otherwise.push([at, found, trust.flips[at]!]);
    }
    expect(otherwise).toEqual([]);
  }, 60_000);

  it.each([
    ['half a character', '\\ud800', 'wrong'],
    ['another entry', 'x', 'unchecked'],
  ])('with %s in its header, where no checksum can be computed, is %s: %s', async (_, value, expected) => {
    vi.stubGlobal('crypto', {});
    const end = 8 + new DataView(whole.buffer).getUint32(0, true);
    const head = Array.from(whole.subarray(8, end), (byte) => String.fromCharCode(byte))
      .join('')
      .trimEnd();
    const more = head.replace('"format"', `"a":"${value}","format"`);
    const filled = more.padEnd(8 * Math.ceil(more.length / 8));
    const file = spliced(whole, { begin: 8, end: whole.length - end, between: btoa(filled) });
    new DataView(file).setUint32(0, filled.length, true);
    expect(await verdict(file)).toBe(expected);
  });
});
