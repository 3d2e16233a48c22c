import type { FilterKind } from './filter.ts';
import { abortFilter } from './filters/abort.ts';
import { bandwidthFilter } from './filters/bandwidth.ts';
import { corruptFilter } from './filters/corrupt.ts';
import { delayFilter } from './filters/delay.ts';
import { duplicateFilter } from './filters/duplicate.ts';
import { errorFilter } from './filters/error.ts';
import { goawayFilter } from './filters/goaway.ts';
import { grpcDelayFilter } from './filters/grpc-delay.ts';
import { grpcStatusFilter } from './filters/grpc-status.ts';
import { latencyFilter } from './filters/latency.ts';
import { limitDataFilter } from './filters/limit-data.ts';
import { packetLossFilter } from './filters/packet-loss.ts';
import { patchFilter } from './filters/patch.ts';
import { reorderFilter } from './filters/reorder.ts';
import { replaceFilter } from './filters/replace.ts';
import { resetPeerFilter } from './filters/reset-peer.ts';
import { rstStreamFilter } from './filters/rst-stream.ts';
import { slicerFilter } from './filters/slicer.ts';
import { slowCloseFilter } from './filters/slow-close.ts';
import { timeoutFilter } from './filters/timeout.ts';
import { wsCloseFilter } from './filters/ws-close.ts';
import { wsDelayFilter } from './filters/ws-delay.ts';
import { wsDropFilter } from './filters/ws-drop.ts';
import { wsDuplicateFilter } from './filters/ws-duplicate.ts';

/** Every filter kind there is: those of any traffic first, then those of bytes, datagrams, requests and messages. */
export const FILTER_KINDS: readonly FilterKind[] = [
  latencyFilter,
  abortFilter,
  bandwidthFilter,
  timeoutFilter,
  resetPeerFilter,
  slowCloseFilter,
  limitDataFilter,
  slicerFilter,
  packetLossFilter,
  corruptFilter,
  duplicateFilter,
  reorderFilter,
  errorFilter,
  delayFilter,
  replaceFilter,
  patchFilter,
  rstStreamFilter,
  goawayFilter,
  grpcStatusFilter,
  grpcDelayFilter,
  wsDelayFilter,
  wsDropFilter,
  wsDuplicateFilter,
  wsCloseFilter,
];

export function lookupFilterKind(kind: string): FilterKind | undefined {
  return FILTER_KINDS.find((candidate) => candidate.kind === kind);
}
