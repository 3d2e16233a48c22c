import { ANCHOR_MARK } from '../runtime/marks.ts';

/**
 * A service is found by the marks in its environment. But nginx, Redis, PostgreSQL and all that show a title in `ps` write it over the very
 * memory that /proc/PID/environ shows, and then bear no mark. So beside each service, in the process group that it leads, stands an
 * anchor: a marked process that sleeps, ignores the signals a group is sent, and lives until the service is stopped.
 *
 *   group 4312   4312  nginx: master process      (unmarked by now)
 *                4315  nginx: worker process      (unmarked)
 *                4313  sleep                      FAULTLINE_RUN, FAULTLINE_SERVICE, FAULTLINE_ANCHOR
 *
 * While it lives the system cannot give the group's number to anyone else, so that whoever is in the group belongs to the service.
 * It is nobody's child here (its parent ends at once), so that no service meets a child that it did not start.
 */
const SCRIPT = `((trap "" HUP INT TERM; exec env ${ANCHOR_MARK}=1 sleep 2147483647) >/dev/null 2>&1 &); exec "$@"`;

/** The command with its anchor. The process that is started becomes the program itself. */
export function anchored(command: readonly string[]): readonly [string, ...string[]] {
  return ['/bin/sh', '-c', SCRIPT, 'faultline', ...command];
}
