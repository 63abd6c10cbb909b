import { describe, expect, it } from 'vitest';
import { readTarget } from '../../src/agent/address';
import { PageError } from '../../src/errors';

const PAGE = 'https://example.org/faces/agent.html';

describe('whom a page talks to', () => {
  it('a session of the service that it came from, or of another one', () => {
    expect(readTarget('#session=abc&token=t%2Bx', PAGE)).toEqual({
      kind: 'service',
      base: 'https://example.org/faces/',
      session: 'abc',
      token: 't+x',
    });
    const other = readTarget('#session=abc&token=t&server=https://other.example/', PAGE);
    expect(other).toMatchObject({ base: 'https://other.example/' });
  });

  it('a room of LiveKit, a bot of Pipecat', () => {
    const room = readTarget('#livekit=wss://live.example&token=t', PAGE);
    expect(room).toEqual({ kind: 'livekit', url: 'wss://live.example/', token: 't' });
    expect(readTarget('#pipecat=/api/offer', PAGE)).toEqual({
      kind: 'pipecat',
      offer: 'https://example.org/api/offer',
    });
  });

  it.each([
    ['', 'names nobody to talk to'],
    ['#token=t', 'names nobody to talk to'],
    ['#session=a&livekit=wss://b&token=t', 'names nobody to talk to'],
    ['#session=a', 'has no token'],
    ['#livekit=wss://b', 'has no token'],
    ['#livekit=javascript:alert(1)&token=t', 'none that this page may connect to: javascript:alert(1)'],
    ['#pipecat=data:,x', 'none that this page may connect to'],
    ['#session=a&token=t&server=file:///etc', 'none that this page may connect to'],
    ['#session=a&token=t&server=http://[', 'none that this page may connect to'],
  ])('%s is refused in a sentence', (hash, words) => {
    expect(() => readTarget(hash, PAGE)).toThrow(PageError);
    expect(() => readTarget(hash, PAGE)).toThrow(words);
  });
});
