/** What a tailer gives to whoever pumps its bytes on. */
export type ReadResult =
  | {
      readonly kind: 'bytes';
      /** Where in the file the first byte stands; `log.record.uid` is made of it. */
      readonly offset: number;
      /** 0 only when lines that were read before are to be flushed. */
      readonly lengthBytes: number;
      /** No more is expected of the last line: frame it as it is, though its newline is missing. */
      readonly flush: boolean;
      /** The first byte goes on with a line of which the beginning was flushed before. */
      readonly continuesLine: boolean;
    }
  /** Nothing more for now. */
  | { readonly kind: 'idle' }
  /** Nothing more at all: what was not framed is gone. */
  | { readonly kind: 'ended' }
  /** The file cannot be read now, which is tried again later. */
  | { readonly kind: 'failed'; readonly message: string };
