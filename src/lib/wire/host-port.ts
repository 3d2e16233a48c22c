/** `127.0.0.1:80`, `[::1]:80`: an address as people and URLs write it (RFC 3986 section 3.2.2). */
export function formatHostPort({ host, port }: { readonly host: string; readonly port: number }): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
