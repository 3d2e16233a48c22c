import { FaultlineCommand, Flags } from '../lib/app/base-command.ts';
import { durationFlag, serviceFlags } from '../lib/app/flags.ts';
import type { ServicesSnapshot } from '../lib/events/service-view.ts';

export default class Services extends FaultlineCommand {
  static override summary = 'Show services and their endpoints: health, breaker, weight, in flight, rate, errors, p99.';
  static override description =
    'Of every `proxy run` and `chaos run` that is going on here, or of the one at --api. Rates, errors and latencies are those of the last ten seconds.';
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --watch',
    '<%= config.bin %> <%= command.id %> --json --api 10.0.0.7:8475 --token "$TOKEN"',
  ];
  static override flags = {
    ...serviceFlags,
    watch: Flags.boolean({ summary: 'Show them again and again until Ctrl-C.', char: 'w' }),
    every: durationFlag({ summary: 'How often, with --watch.', default: 1_000, helpValue: '1s' }),
  };

  async run(): Promise<readonly ServicesSnapshot[]> {
    const { flags } = await this.parse(Services);
    const { showServices } = await import('../lib/app/show-services.ts');
    return showServices({
      ...flags,
      version: this.config.version,
      json: this.jsonEnabled(),
      color: this.color(),
      closed: this.outputClosed,
    });
  }
}
