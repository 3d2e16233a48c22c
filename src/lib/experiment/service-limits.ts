/** How long a service's `run` may take to spawn; readiness has its own limit. */
export const SPAWN_TIMEOUT_MS = 10_000;

/** How much longer than its grace the stopping of a service may take: twice the time that a SIGKILL is given, and some more. */
export const STOP_SLACK_MS = 6_000;
