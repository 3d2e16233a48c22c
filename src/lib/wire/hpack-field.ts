/** A header field. Name and value hold one byte a character (latin1), so that any byte survives; names are lower case. */
export interface HeaderField {
  readonly name: string;
  readonly value: string;
  /** Its sender wants no table on the way to keep it (RFC 7541 section 7.1.3). */
  readonly neverIndexed?: boolean;
}

/** What a field counts in tables and lists beside its own bytes (RFC 7541 section 4.1). */
export const FIELD_OVERHEAD_BYTES = 32;

/** The size of a field as tables and lists count it (RFC 7541 section 4.1). */
export function fieldBytes({ name, value }: HeaderField): number {
  return name.length + value.length + FIELD_OVERHEAD_BYTES;
}
