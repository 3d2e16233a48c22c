import { Args, Flags } from '../../lib/app/base-command.ts';
import { ProbeCommand } from '../../lib/app/probe-command.ts';
import type { ProbeReport } from '../../lib/app/probe-once.ts';

export default class ProbeTcp extends ProbeCommand {
  static override summary = 'Measure a TCP connection: whether it opens, and what it answers.';
  static override examples = ['<%= config.bin %> <%= command.id %> 127.0.0.1:6379'];
  static override args = { address: Args.string({ description: 'host:port', required: true }) };
  static override flags = {
    send: Flags.string({ summary: 'Sent once connected; \\r and \\n stand for line ends.' }),
    contains: Flags.string({ summary: 'Text that the answer must hold.' }),
    matches: Flags.string({ summary: 'Regular expression that the answer must match.' }),
  };

  async run(): Promise<ProbeReport> {
    const { args, flags } = await this.parse(ProbeTcp);
    const { contains, matches, latency } = flags;
    const send = flags.send?.replaceAll('\\r', '\r').replaceAll('\\n', '\n');
    return this.measure(
      'tcp',
      { params: { address: args.address, send }, expect: { contains, matches, latency } },
      flags,
    );
  }
}
