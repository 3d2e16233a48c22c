import { defineMessageDelay } from './message-delay.ts';

/** Messages of gRPC calls come late. */
export const grpcDelayFilter = defineMessageDelay('grpc_delay', 'grpc', 'messages of gRPC calls');
