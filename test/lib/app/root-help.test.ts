import { describe, expect, it } from 'vitest';
import { commandsWithin } from '../../../src/lib/app/bin-view.ts';
import { formatRootHelp } from '../../../src/lib/app/root-help.ts';

const commands = [
  { id: 'chaos:plan', summary: 'Show what a run would touch.' },
  { id: 'chaos:run', summary: 'Run a scenario.' },
  { id: 'chaos:secret', summary: 'Not for people.', hidden: true },
  { id: 'doctor', summary: 'See what can work here.' },
];
const topics = { chaos: { description: 'Break things.' }, dash: { description: 'Has no command yet.' } };

describe('the overview', () => {
  it('shows topics that have commands, with their verbs, then the commands without a topic', () => {
    expect(formatRootHelp('faultline', commandsWithin('faultline', commands), topics)).toBe(
      `Break running services on purpose, watch what happens, and prove that they recover.

USAGE
  $ faultline COMMAND

TOPICS
  chaos  Break things.
         plan · run

COMMANDS
  doctor  See what can work here.

\`faultline COMMAND --help\` shows what a command takes.
`,
    );
  });

  it('of a program named after a topic shows that topic’s commands under their short names', () => {
    expect(formatRootHelp('chaos', commandsWithin('chaos', commands), {})).toBe(
      `Inject faults into running services, measure, put everything back, judge.

USAGE
  $ chaos COMMAND

COMMANDS
  plan  Show what a run would touch.
  run   Run a scenario.

\`chaos COMMAND --help\` shows what a command takes.
`,
    );
  });
});

describe('the commands of a program', () => {
  it('are all of them for the main one, and none for a topic without any', () => {
    expect(commandsWithin('faultline', commands)).toEqual(commands);
    expect(commandsWithin('logship', commands)).toEqual([]);
  });
});
