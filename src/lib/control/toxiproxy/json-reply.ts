import type { Reply } from '../http/reply.ts';
import { formatGoJson, type GoWritable } from './go-json.ts';

export function jsonReply(status: number, value: GoWritable): Reply {
  return { status, headers: { 'Content-Type': 'application/json' }, body: formatGoJson(value) };
}
