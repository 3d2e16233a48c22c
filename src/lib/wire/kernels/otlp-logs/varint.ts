/** The bytes of a protobuf varint. */
export function varintBytes(value: u64): u32 {
  return (70 - <u32>clz(value | 1)) / 7;
}

/** Writes one and returns the address after it. */
export function writeVarint(at: usize, value: u64): usize {
  let rest = value;
  for (; rest > 0x7f; rest >>= 7) store<u8>(at++, <u8>(rest | 0x80));
  store<u8>(at, <u8>rest);
  return at + 1;
}
