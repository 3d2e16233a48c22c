/** A header line as it came: name in any case, value without the white space around it. */
export type HeaderPair = readonly [name: string, value: string];

/** The values of all lines of one name, in order. `lowerName` is in lower case. */
export function fieldLines(headers: readonly HeaderPair[], lowerName: string): string[] {
  const lines: string[] = [];
  for (const [name, value] of headers)
    if (name.length === lowerName.length && name.toLowerCase() === lowerName) lines.push(value);
  return lines;
}

/** The field's value with its lines joined (RFC 9110 section 5.3); undefined when there is no such line. */
export function fieldValue(headers: readonly HeaderPair[], lowerName: string): string | undefined {
  const lines = fieldLines(headers, lowerName);
  return lines.length === 0 ? undefined : lines.join(', ');
}

/** The members of a list of tokens, in lower case, without empty ones. */
export function tokensOf(headers: readonly HeaderPair[], lowerName: string): string[] {
  const members = fieldLines(headers, lowerName).flatMap((line) => line.split(','));
  return members.map((member) => member.trim().toLowerCase()).filter((member) => member !== '');
}

/** Fields about one connection and about proxies on it: never stored (RFC 9111 section 3.1). */
const NEVER_STORED = new Set([
  ...['connection', 'keep-alive', 'proxy-connection', 'te', 'trailer', 'transfer-encoding', 'upgrade'],
  ...['proxy-authenticate', 'proxy-authentication-info', 'proxy-authorization'],
  // Told anew with each answer.
  ...['age', 'content-length'],
]);

/** The header lines that a stored response keeps. */
export function storedFields(headers: readonly HeaderPair[]): HeaderPair[] {
  const named = tokensOf(headers, 'connection');
  return headers.filter(([name]) => {
    const lower = name.toLowerCase();
    return !NEVER_STORED.has(lower) && !named.includes(lower);
  });
}
