/**
 * Request targets (RFC 9112 section 3.2) as heads give them: one character a byte (latin1).
 *
 *     http://shop.test  /cart/7  ?x=1&y=2  #f      origin and fragment are mostly absent
 *     origin            path     query     fragment
 *
 * `*` and `host:port` have neither path nor query.
 */
const TARGET = /^([a-z][a-z0-9+.-]*:\/\/[^/?#]*)?([^?#]*)(?:\?([^#]*))?(#.*)?$/is;
/** What may stand in a path as it is: unreserved and some delimiters (RFC 3986 section 3.3), and escapes that are there already. */
const NOT_OF_PATH = /[^A-Za-z0-9\-._~!$&'()*+,;=:@/%]+/g;

export interface TargetEdits {
  /** Replaces the path and keeps the query. Characters that no path may have are escaped, a `?` too. */
  readonly path?: string;
  /** Values to set, by the name of the member; null removes all members of that name. */
  readonly query?: Readonly<Record<string, string | null>>;
}

/**
 * The value of the first query member of that name, both decoded: escapes are UTF-8, `+` is a blank as in forms, and what is no escape stays as
 * it is. Empty for a member without a value.
 */
export function lookupQuery(target: string, name: string): string | undefined {
  const query = TARGET.exec(target)?.[3];
  if (query === undefined) return undefined;
  for (const member of query.split('&')) {
    if (member !== '' && nameOf(member) === name) return decode(member.slice(rawNameOf(member).length + 1));
  }
  return undefined;
}

/** The target with its path or members of its query changed; all else stays byte for byte. A target without a path is given back as it is. */
export function editTarget(target: string, edits: TargetEdits): string {
  const [, origin = '', oldPath = '', oldQuery, fragment = ''] = TARGET.exec(target) ?? [];
  if (origin === '' && !oldPath.startsWith('/')) return target;
  const path = edits.path === undefined ? oldPath : encodePath(edits.path);
  const query = edits.query === undefined ? oldQuery : editQuery(oldQuery, edits.query);
  return `${origin}${path}${query === undefined ? '' : `?${query}`}${fragment}`;
}

/** The first member of a name gets the new value, further ones go; new names come last. */
function editQuery(query: string | undefined, edits: Readonly<Record<string, string | null>>): string | undefined {
  const wanted = new Map(Object.entries(edits));
  if (wanted.size === 0) return query;
  const written = new Set<string>();
  const members = (query === undefined || query === '' ? [] : query.split('&')).flatMap((member) => {
    const name = nameOf(member);
    const value = member === '' ? undefined : wanted.get(name);
    if (value === undefined) return [member];
    if (value === null || written.has(name)) return [];
    written.add(name);
    return [`${rawNameOf(member)}=${encodeMember(value)}`];
  });
  for (const [name, value] of wanted) {
    if (value !== null && !written.has(name)) members.push(`${encodeMember(name)}=${encodeMember(value)}`);
  }
  return members.length === 0 ? undefined : members.join('&');
}

function rawNameOf(member: string): string {
  const equals = member.indexOf('=');
  return equals < 0 ? member : member.slice(0, equals);
}

function nameOf(member: string): string {
  return decode(rawNameOf(member));
}

function encodeMember(text: string): string {
  return encodeURIComponent(text.toWellFormed());
}

function encodePath(path: string): string {
  const encoded = path.toWellFormed().replace(NOT_OF_PATH, encodeURIComponent);
  return encoded.startsWith('/') ? encoded : `/${encoded}`;
}

/** Decodes through bytes: an escaped character may be several of them, and bytes that are no UTF-8 must not throw. */
function decode(text: string): string {
  if (!/[%+\x80-\uffff]/.test(text)) return text;
  const bytes = Buffer.alloc(text.length);
  let length = 0;
  for (let at = 0; at < text.length; at++) {
    const escaped = text[at] === '%' ? escapedByte(text.slice(at + 1, at + 3)) : -1;
    bytes[length++] = escaped >= 0 ? escaped : text[at] === '+' ? 0x20 : text.charCodeAt(at);
    if (escaped >= 0) at += 2;
  }
  return bytes.toString('utf8', 0, length);
}

function escapedByte(digits: string): number {
  return /^[0-9a-f]{2}$/i.test(digits) ? Number.parseInt(digits, 16) : -1;
}
