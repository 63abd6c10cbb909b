import { describe, expect, it } from 'vitest';
import { Speaking } from '../../src/room/sound/speaking';
import { refusal } from '../../src/room/wire/avatars';
import { voiced } from '../../src/room/wire/peer';

describe('the description of a voice', () => {
  const sdp =
    'm=audio 9 RTP/SAVPF 111 9\r\na=rtpmap:111 opus/48000/2\r\na=fmtp:111 minptime=10;useinbandfec=0;stereo=1\r\na=rtpmap:9 G722/8000\r\n';

  it('asks for mono, silence that costs nothing, and repair', () => {
    const line = /a=fmtp:111 (.*)\r\n/.exec(voiced(sdp))![1]!.split(';');
    expect(line).toEqual(
      expect.arrayContaining(['minptime=10', 'stereo=0', 'usedtx=1', 'useinbandfec=1', 'maxaveragebitrate=24000']),
    );
    expect(new Set(line.map((pair) => pair.split('=')[0])).size).toBe(line.length);
    expect(voiced(voiced(sdp))).toBe(voiced(sdp));
  });

  it('where Opus has no parameters yet, or is not there', () => {
    expect(voiced(sdp.replace(/a=fmtp.*\r\n/, ''))).toContain('opus/48000/2\r\na=fmtp:111 stereo=0;');
    expect(voiced('m=audio 9 RTP/SAVPF 9\r\na=rtpmap:9 G722/8000\r\n')).not.toContain('fmtp');
  });
});

describe('who speaks', () => {
  it('goes on through a short pause', () => {
    const speaking = new Speaking();
    expect(speaking.hear(0.015, 0)).toBe(false);
    expect(speaking.hear(0.1, 20)).toBe(true);
    expect(speaking.hear(0.015, 40)).toBe(true);
    expect(speaking.hear(0, 400)).toBe(true);
    expect(speaking.hear(0, 600)).toBe(false);
  });
});

describe('sentences', () => {
  it('of the server come first', () => {
    expect(refusal(403, 'This invitation was withdrawn.\n')).toBe('This invitation was withdrawn.');
    expect(refusal(413, '<html>')).toBe('The avatar is larger than this room takes.');
    expect(refusal(500, '{}')).toBe('The room refuses (500).');
  });
});
