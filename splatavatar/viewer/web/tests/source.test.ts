import { describe, expect, it } from 'vitest';
import { restSignal } from '../src/signal/signal';
import { type FaceSource, Sources } from '../src/signal/source';

/** Its faces carry `time`; there is none while that is null. */
class Source implements FaceSource {
  closed = 0;

  constructor(
    public time: number | null,
    public moving = false,
  ) {}

  now() {
    return this.time === null ? null : restSignal(this.time);
  }

  close() {
    this.closed++;
  }
}

describe('sources of faces', () => {
  it('show the one that began last, once it has a face', () => {
    const camera = new Source(null);
    const sources = new Sources(new Source(1));
    sources.begin(camera);
    expect(sources.now()!.time).toBe(1);
    camera.time = 2;
    expect(sources.now()!.time).toBe(2);
  });

  it('close the one whose place another takes, once', () => {
    const [driver, camera] = [new Source(2), new Source(3)];
    const sources = new Sources(new Source(1));
    sources.begin(driver);
    sources.begin(camera);
    expect([driver.closed, camera.closed, sources.now()!.time]).toEqual([1, 0, 3]);
    sources.end(driver);
    expect([driver.closed, sources.now()!.time]).toEqual([1, 3]);
    sources.end(camera);
    expect([camera.closed, sources.now()!.time, sources.current]).toEqual([1, 1, null]);
  });

  it('move while one of them does', () => {
    const recording = new Source(1);
    const sources = new Sources(recording);
    expect(sources.moving).toBe(false);
    sources.begin(new Source(2, true));
    expect(sources.moving).toBe(true);
    sources.begin(null);
    recording.moving = true;
    expect(sources.moving).toBe(true);
  });
});
