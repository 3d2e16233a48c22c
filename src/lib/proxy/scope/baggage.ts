/** `chaos.run=r1,chaos.request=17;note` and `chaos.request` → `17` (W3C Baggage, section 3.2); undefined when there is no such member. */
export function baggageMember(baggage: string | undefined, name: string): string | undefined {
  if (!baggage?.includes(name)) return undefined;
  for (const member of baggage.split(',')) {
    const equals = member.indexOf('=');
    if (equals < 0 || member.slice(0, equals).trim() !== name) continue;
    const [value = ''] = member.slice(equals + 1).split(';', 1);
    return decoded(value.trim());
  }
  return undefined;
}

/** Values are percent-encoded; one that is not is taken as it is. */
function decoded(value: string): string {
  if (!value.includes('%')) return value;
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}
