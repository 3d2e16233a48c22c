import { describe, expect, it } from 'vitest';
import { homedir } from 'node:os';
import { configDirectory, defaultStateDirectory, environment } from '../../../src/lib/runtime/environment.ts';

describe('folders of the XDG Base Directory specification', () => {
  it.each([
    ['the variables', { XDG_STATE_HOME: '/s', XDG_CONFIG_HOME: '/c' }, '/s/faultline', '/c/faultline'],
    ['the home', {}, `${homedir()}/.local/state/faultline`, `${homedir()}/.config/faultline`],
  ])('come from %s', (_, env, state, config) => {
    expect([defaultStateDirectory(env), configDirectory(env)]).toEqual([state, config]);
  });

  it('reads the environment of this process', () => {
    expect(environment().PATH).toBe(process.env.PATH);
  });
});
