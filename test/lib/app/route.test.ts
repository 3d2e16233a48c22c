import { describe, expect, it } from 'vitest';
import { routeArguments } from '../../../src/lib/app/route.ts';

const known = {
  commands: ['chaos:run', 'chaos:rollback', 'doctor', 'probe', 'probe:http', 'services:health:show'],
  topics: ['chaos', 'probe', 'services', 'services:health'],
};
const route = (line: string) => routeArguments(line === '' ? [] : line.split(' '), known);

describe('a command line leads', () => {
  it.each([
    ['chaos run a.yaml --seed 1', 'chaos:run', ['a.yaml', '--seed', '1']],
    ['chaos run', 'chaos:run', []],
    ['chaos run --json a.yaml', 'chaos:run', ['--json', 'a.yaml']],
    ['doctor extra', 'doctor', ['extra']],
    ['probe tcp', 'probe', ['tcp']],
    ['probe http x', 'probe:http', ['x']],
    ['services health show a', 'services:health:show', ['a']],
    ['chaos run -- --help', 'chaos:run', ['--', '--help']],
    ['chaos run --version', 'chaos:run', ['--version']],
  ])('%s: to the command', (line, id, argv) => expect(route(line)).toEqual({ to: 'command', id, argv }));

  it.each([
    ['', undefined],
    ['--help', undefined],
    ['-h', undefined],
    ['help', undefined],
    ['--help --color=never', undefined],
    ['chaos', 'chaos'],
    ['chaos --help', 'chaos'],
    ['help chaos', 'chaos'],
    ['chaos --json', 'chaos'],
    ['services health', 'services:health'],
    ['chaos run --help', 'chaos:run'],
    ['chaos run a.yaml -h', 'chaos:run'],
    ['help chaos run', 'chaos:run'],
  ])('%j: to help', (line, id) => expect(route(line)).toEqual({ to: 'help', id }));

  it.each(['--version', '-v', '--version --json'])('%s: to the version', (line) => {
    expect(route(line)).toEqual({ to: 'version' });
  });

  it.each([
    ['chaos rnu', 'chaos rnu', 'chaos run'],
    ['chaos rollbak last', 'chaos rollbak', 'chaos rollback'],
    ['choas run', 'choas', 'chaos'],
    ['run a.yaml', 'run', 'chaos run'],
    ['docto', 'docto', 'doctor'],
    ['xyzzy', 'xyzzy', undefined],
    ['help xyzzy', 'xyzzy', undefined],
    ['--json chaos run', '--json', undefined],
  ])('%s: nowhere', (line, words, guess) => expect(route(line)).toEqual({ to: 'nowhere', words, guess }));
});
