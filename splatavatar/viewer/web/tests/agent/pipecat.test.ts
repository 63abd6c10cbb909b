import { describe, expect, it } from 'vitest';
import { readTold } from '../../src/agent/connections/pipecat';
import { encode, SIZE } from '../../src/live/protocol';
import { restSignal } from '../../src/signal/signal';

const face = (n: number) => encode(restSignal(n / 25), n);
const text = (bytes: Uint8Array) => btoa(String.fromCharCode(...bytes));

describe('messages of a bot', () => {
  it('bring faces, one or more', () => {
    const both = new Uint8Array([...face(3), ...face(4)]);
    const told = readTold(JSON.stringify({ type: 'splatavatar.face', data: text(both) }));
    expect(told?.kind).toBe('faces');
    if (told?.kind !== 'faces') return;
    expect(told.faces.map((one) => [...new Uint8Array(one)])).toEqual([[...face(3)], [...face(4)]]);
  });

  it('name the avatar, say who speaks, ask for another offer, and take leave', () => {
    expect(readTold('{"type":"splatavatar.avatar","url":"/me.splatavatar"}')).toEqual({
      kind: 'avatar',
      url: '/me.splatavatar',
    });
    expect(readTold('{"label":"rtvi-ai","type":"bot-started-speaking"}')).toMatchObject({ event: { type: 'started' } });
    expect(readTold('{"label":"rtvi-ai","type":"bot-stopped-speaking"}')).toMatchObject({
      event: { type: 'finished' },
    });
    expect(readTold('{"type":"signalling","message":{"type":"renegotiate"}}')).toEqual({ kind: 'renegotiate' });
    expect(readTold('{"type":"signalling","message":{"type":"peerLeft"}}')).toEqual({ kind: 'left' });
  });

  it.each([
    'x',
    'null',
    '[]',
    '{}',
    '{"type":"constructor"}',
    '{"type":"signalling"}',
    '{"type":"signalling","message":null}',
    '{"type":"splatavatar.face"}',
    '{"type":"splatavatar.face","data":"%"}',
    '{"type":"splatavatar.face","data":""}',
    `{"type":"splatavatar.face","data":"${text(face(0).subarray(1))}"}`,
    `{"type":"splatavatar.face","data":"${text(new Uint8Array(33 * SIZE))}"}`,
    '{"type":"splatavatar.avatar","url":""}',
    `{"type":"splatavatar.avatar","url":"${'x'.repeat(3000)}"}`,
  ])('of no use are left alone: %.50s', (message) => {
    expect(readTold(message)).toBeNull();
  });
});
