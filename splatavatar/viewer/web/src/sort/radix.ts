// The order of drawing: the farthest first.

const BITS = 8;
const SIZE = 1 << BITS;
const STEPS = 0xffff;
const PAD = 0xffffffff;

/** Sorts N depths by a stable radix sort of two passes over keys of 16 bits. */
export class DepthOrder {
  /** the order, padded with 0xffffffff to whole rows of `row` */
  readonly padded: Uint32Array;
  private readonly order: Uint32Array;
  private readonly spare: Uint32Array;
  private readonly keys: Uint16Array;
  private readonly low = new Uint32Array(SIZE);
  private readonly high = new Uint32Array(SIZE);

  constructor(count: number, row: number) {
    this.padded = new Uint32Array(row * Math.ceil(count / row)).fill(PAD);
    this.order = this.padded.subarray(0, count);
    this.spare = new Uint32Array(count);
    this.keys = new Uint16Array(count);
  }

  /** (N) indices by falling depth, of which the least and the largest are `range`; among equals the later one first, as the
   * nearer one of equals comes last. */
  sort(depth: Float32Array, [nearest, farthest]: readonly [number, number]): Uint32Array {
    const { spare, keys, low, high, order } = this;
    const count = order.length;
    const scale = STEPS / Math.max(farthest - nearest, 1e-9);
    low.fill(0);
    high.fill(0);
    for (let n = 0; n < count; n++) {
      const key = (depth[n]! - nearest) * scale;
      keys[n] = key;
      low[keys[n]! & (SIZE - 1)]!++;
      high[keys[n]! >> BITS]!++;
    }
    begins(low);
    begins(high);
    for (let n = 0; n < count; n++) spare[low[keys[n]! & (SIZE - 1)]!++] = n;
    for (let i = 0; i < count; i++) {
      const n = spare[i]!;
      order[count - 1 - high[keys[n]! >> BITS]!++] = n;
    }
    return order;
  }
}

function begins(counts: Uint32Array): void {
  for (let i = 0, sum = 0; i < counts.length; i++) {
    const count = counts[i]!;
    counts[i] = sum;
    sum += count;
  }
}
