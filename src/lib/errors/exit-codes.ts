/** The one table of exit codes. A number means one thing for ever; a new meaning takes a new number. */
export const EXIT_CODES = {
  passed: 0,
  failed: 1,
  usage: 2,
  unhealthy: 3,
  invalid: 4,
  dirty: 5,
  aborted: 6,
  bug: 70,
  interrupted: 130,
} as const;

export type ExitName = keyof typeof EXIT_CODES;
export type ExitCode = (typeof EXIT_CODES)[ExitName];

/** What each code says to a person; the README's table is made from these sentences. */
export const EXIT_MEANINGS: Readonly<Record<ExitName, string>> = {
  passed: 'passed: every threshold and the steady state held',
  failed: 'failed: a threshold or the steady state was broken',
  usage: 'usage error or invalid scenario; nothing was started',
  unhealthy: 'not healthy before the first fault; nothing was injected',
  invalid: 'invalid: a fault could not be injected, or touched nothing',
  dirty: 'dirty: something could not be reverted; `chaos rollback` tries again',
  aborted: 'aborted by a guard; everything was reverted',
  bug: 'a bug of ours; everything injected was reverted',
  interrupted: 'interrupted (Ctrl-C, SIGTERM, SIGHUP); everything was reverted',
};
