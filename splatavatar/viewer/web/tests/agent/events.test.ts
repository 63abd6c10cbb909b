import { expect, it } from 'vitest';
import { readEvent } from '../../src/agent/events';

it('reads what is told of speech', () => {
  expect(readEvent('{"type":"finished","segment":3,"position":1.5}')).toEqual({
    type: 'finished',
    segment: 3,
    position: 1.5,
    text: '',
  });
});

it.each([
  '',
  'x',
  '[]',
  'null',
  '{}',
  '{"type":5}',
  `{"type":"${'x'.repeat(41)}"}`,
  `{"type":"a"}${' '.repeat(70_000)}`,
])('what is none is left alone: %.40s', (text) => {
  expect(readEvent(text)).toBeNull();
});

it('numbers that cannot be are none, and long words are cut', () => {
  const event = readEvent(`{"type":"a","segment":-1,"position":"2","text":"${'y'.repeat(5000)}"}`)!;
  expect(event.segment).toBeNull();
  expect(event.position).toBeNull();
  expect(event.text).toHaveLength(2000);
});
