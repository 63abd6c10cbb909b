// SHA-256, where the browser has it: on secure origins alone.

type Hash = (bytes: Uint8Array) => Promise<string>;

/** SHA-256 in hexadecimal digits; null where the browser computes none. */
export function hasher(): Hash | null {
  const subtle = globalThis.crypto?.subtle;
  if (!subtle) return null;
  return async (bytes) => toHex(new Uint8Array(await subtle.digest('SHA-256', bytes as Uint8Array<ArrayBuffer>)));
}

export function fromHex(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length: text.length / 2 }, (_, i) => Number.parseInt(text.slice(2 * i, 2 * i + 2), 16));
}

function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
