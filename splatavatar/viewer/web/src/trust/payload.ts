// What the watermark says, and the code that protects it; `docs/watermark.md` defines both.

const TOOL = 1;
const ID_DIGITS = 10;
const FIRST_DAY = Date.UTC(2020, 0, 1);
const MILLISECONDS = 86_400_000;
const LAST = 65535;
const CHECK = 0x07;
const MEMORY = 14;
const GENERATORS = [0o46321, 0o51271, 0o63667, 0o70535, 0o73277, 0o76513];
/** digits of the short id of an avatar that is not known */
export const NOBODY = '0'.repeat(ID_DIGITS);

/** The 432 coded bits, 0 or 1, for an avatar of that digest (or short id) and a day, YYYY-MM-DD. */
export function codedBits(digest: string, day: string): Uint8Array {
  // A clock that is wrong by years does not spoil the rest.
  const days = Math.min(Math.max((Date.parse(`${day}T00:00:00Z`) - FIRST_DAY) / MILLISECONDS, 0), LAST);
  const id = BigInt(`0x${digest.slice(0, ID_DIGITS)}`);
  const data = (BigInt(TOOL) << 60n) | (id << 20n) | (BigInt(days) << 4n);
  const bits = Array.from({ length: 64 }, (_, i) => Number((data >> BigInt(63 - i)) & 1n));
  const check = checkOf(bits);
  for (let i = 7; i >= 0; i--) bits.push((check >> i) & 1);
  return encode(bits);
}

/** CRC-8. */
function checkOf(bits: number[]): number {
  let value = 0;
  for (const bit of bits) {
    const top = (value >> 7) ^ bit;
    value = ((value << 1) & 0xff) ^ (top ? CHECK : 0);
  }
  return value;
}

/** Of each bit six: the parity of a register of it and the fourteen before it, under each generator. */
function encode(bits: number[]): Uint8Array {
  const coded = new Uint8Array(GENERATORS.length * bits.length);
  for (let t = 0; t < bits.length; t++) {
    let register = 0;
    for (let k = 0; k <= MEMORY; k++) register |= bits.at(t - k)! << (MEMORY - k);
    for (const [i, generator] of GENERATORS.entries()) coded[GENERATORS.length * t + i] = parity(register & generator);
  }
  return coded;
}

function parity(value: number): number {
  let folded = value;
  for (const shift of [8, 4, 2, 1]) folded ^= folded >> shift;
  return folded & 1;
}
