// What the server has for driving: networks and the programs that run them, under `models/`.
import { PageError } from '../errors';
import { LARGEST_FILE } from '../tables';
import { whole } from '../ui/fetching';

export function addressOf(name: string): string {
  return new URL(`models/${name}`, document.baseURI).href;
}

/** The bytes of a file. Throws a PageError, which names the command where the server lacks it. */
export async function modelBytes(name: string): Promise<Uint8Array> {
  return new Uint8Array(await whole(await answer(name), name, LARGEST_FILE));
}

/** The module of a script that is there. Throws a PageError. */
export async function modelModule<Module>(name: string): Promise<Module> {
  // Asked for before it is run: a failed import does not say why.
  await answer(name);
  return (await import(/* @vite-ignore */ addressOf(name))) as Module;
}

async function answer(name: string): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(addressOf(name));
  } catch {
    throw new PageError('The server of this page does not answer; start it again.');
  }
  if (response.ok) return response;
  const said = response.status === 404 ? (await response.text()).trim() : '';
  if (!said.includes('models pull')) throw new PageError(`The server has no ${name}.`);
  throw new PageError(`On the server ${said}.`);
}
