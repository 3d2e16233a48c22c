import { Args, Flags } from '../../lib/app/base-command.ts';
import { ProbeCommand } from '../../lib/app/probe-command.ts';
import type { ProbeReport } from '../../lib/app/probe-once.ts';

export default class ProbeCommandProgram extends ProbeCommand {
  static override summary = 'Measure a command: exit code, output, time taken.';
  static override examples = ['<%= config.bin %> <%= command.id %> --contains PONG -- redis-cli ping'];
  static override strict = false;
  static override args = {
    program: Args.string({ description: 'Program; its arguments follow, best behind --.', required: true }),
  };
  static override flags = {
    'exit-code': Flags.integer({
      summary: 'Exit codes that are within tolerance; may be repeated.',
      multiple: true,
      min: 0,
      max: 255,
    }),
    contains: Flags.string({ summary: 'Text that the output must hold.' }),
    matches: Flags.string({ summary: 'Regular expression that the output must match.' }),
    cwd: Flags.directory({ summary: 'Folder to run in.' }),
  };

  async run(): Promise<ProbeReport> {
    const { argv, flags } = await this.parse(ProbeCommandProgram);
    const { contains, matches, latency, cwd } = flags;
    const stdout =
      contains === undefined && matches === undefined
        ? undefined
        : { ...(contains !== undefined && { contains }), ...(matches !== undefined && { matches }) };
    return this.measure(
      'command',
      {
        params: { command: this.#words(argv.map(String)), cwd },
        expect: { exitCode: flags['exit-code'], stdout, latency },
      },
      flags,
    );
  }

  /** What stands behind `--`, word for word: the parser sorts words, and takes an argument that equals a flag's value for the flag's. */
  #words(parsed: readonly string[]): readonly string[] {
    const dashes = this.argv.indexOf('--');
    return dashes < 0 ? parsed : this.argv.slice(dashes + 1);
  }
}
