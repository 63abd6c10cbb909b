import { describe, expect, it } from 'vitest';
import { PageError } from '../src/errors';
import { readAvatar } from '../src/file/read_avatar';
import { bytesOf, poses } from './golden';

const whole = bytesOf(poses.file);
const headerLength = new DataView(whole.buffer).getUint32(0, true);

/** The file with its header changed as a text; padded or cut to the length that it had. */
function withHeader(change: (text: string) => string): ArrayBuffer {
  const header = change(new TextDecoder().decode(whole.subarray(8, 8 + headerLength)).trimEnd());
  const text = new TextEncoder().encode(header);
  const out = new Uint8Array(8 + text.length + whole.length - 8 - headerLength);
  new DataView(out.buffer).setUint32(0, text.length, true);
  out.set(text, 8);
  out.set(whole.subarray(8 + headerLength), 8 + text.length);
  return out.buffer;
}

/** Without its digest, so that what comes after it is reached. */
function undigested(change: (text: string) => string): ArrayBuffer {
  return withHeader((text) => change(text.replace(/"sha256":"[0-9a-f]{64}",?/, '').replace(/,\}/, '}')));
}

async function refusal(buffer: ArrayBuffer): Promise<string> {
  try {
    await readAvatar(buffer);
  } catch (error) {
    expect(error).toBeInstanceOf(PageError);
    return (error as Error).message;
  }
  return 'nothing';
}

describe('an avatar file', () => {
  it('is read', async () => {
    const avatar = await readAvatar(whole.buffer);
    expect(avatar.sizes).toMatchObject({
      V: 80,
      F: 90,
      E: 9,
      J: 5,
      N: 300,
      K: 11,
      D: 24,
      C: 36,
      W: 6,
      R: avatar.rig.expressions.moved.length,
    });
    expect(avatar.name).toBe('Golden');
    expect(avatar.framing).toEqual({ target: [0, 0.02, 0.01], distance: 1.1, fovY: 0.5 });
  });

  it.each([
    ['empty', new ArrayBuffer(0), /the file is empty/],
    ['cut', whole.slice(0, 5000).buffer, /its header claims|its tensors take/],
    ['a few bytes', whole.slice(0, 5).buffer, /it ends after 5 bytes/],
    ['a zip', bytesOf(btoa('PK\x03\x04 and more')).buffer, /it is a zip archive/],
    ['another format', undigested((text) => text.replace('"splatavatar"', '"otheravatar"')), /without an avatar in it/],
    [
      'a newer version',
      undigested((text) => text.replace('"version":"3"', '"version":"4"')),
      /newer version of splatavatar/,
    ],
    [
      'older than its tensors',
      undigested((text) => text.replace('"version":"3"', '"version":"2"')),
      /of version 3, but says/,
    ],
    ['no JSON', withHeader((text) => text.slice(1)), /its header is not valid JSON/],
    ['another tensor', undigested((text) => text.replace('rig.joints"', 'rig.jointz"')), /it has no tensor rig.joints/],
    ['another type', undigested((text) => text.replace('"dtype":"U16"', '"dtype":"Q16"')), /unknown dtype 'Q16'/],
    [
      'a huge shape',
      undigested((text) => text.replace(/"shape":\[300,2\]/, '"shape":[300000000,2]')),
      /the shape of|its shape needs/,
    ],
    [
      'a camera of words',
      undigested((text) => text.replace('\\"distance\\":1.1', '\\"distance\\":\\"x\\"')),
      /its camera is not/,
    ],
    [
      'a calibration of words',
      undigested((text) => text.replace('\\"reach\\":', '\\"reached\\":')),
      /reach of its calibration/,
    ],
  ])('that is %s gets one sentence', async (_, buffer, sentence) => {
    const message = await refusal(buffer as ArrayBuffer);
    expect(message).toMatch(sentence);
    expect(message).toMatch(/^This [^\n]+\.$/);
  });

  it('whose numbers were changed does not fit its checksum', async () => {
    for (let at = 8 + headerLength + 3; at < whole.length; at += 4999) {
      const bytes = whole.slice();
      bytes[at]! ^= 0x10;
      expect(await refusal(bytes.buffer)).toMatch(/checksum/);
    }
  });

  it('is refused or sound after any damage to its header', async () => {
    for (let i = 0; i < 400; i++) {
      const bytes = whole.slice();
      bytes[(i * 6007) % (8 + headerLength)]! ^= 1 << (i % 8);
      await refusal(bytes.buffer);
    }
  });

  it.each([
    ['rig.faces', 0xffff, /rig.faces holds 65535, the rig has 80 vertices/],
    ['gaussians.face', 0xffff, /gaussians.face holds 65535, the rig has 90 triangles/],
    ['gaussians.position', 0x7c01, /gaussians.position holds a number that is not finite/],
    ['rig.skin_joints', 77, /rig.skin_joints holds 77, the rig has 5 joints/],
    ['gaussians.barycentric', 0xffff, /a point outside of its triangle/],
  ])('with wrong numbers in %s is refused', async (name, value, sentence) => {
    const buffer = undigested((text) => text);
    const view = new DataView(buffer);
    const length = view.getUint32(0, true);
    const header = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 8, length)));
    for (let i = 0; i < 4; i++) view.setUint16(8 + length + header[name].data_offsets[0] + 2 * i, value, true);
    expect(await refusal(buffer)).toMatch(sentence);
  });
});
