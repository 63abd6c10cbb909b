/** The address of something of the room, with the invitation of this page: tabs of one browser share their cookies. */
export function roomAddress(path: string): URL {
  const address = new URL(`room/${path}`, document.baseURI);
  const token = new URLSearchParams(location.search).get('token');
  if (token) address.searchParams.set('token', token);
  return address;
}
