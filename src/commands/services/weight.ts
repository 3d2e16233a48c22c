import { Args, FaultlineCommand } from '../../lib/app/base-command.ts';
import { serviceFlags } from '../../lib/app/flags.ts';
import type { EndpointView } from '../../lib/events/service-view.ts';

export default class ServicesWeight extends FaultlineCommand {
  static override summary = 'Change the share of the requests that an endpoint gets.';
  static override examples = ['<%= config.bin %> <%= command.id %> payments/127.0.0.1:8080 3'];
  static override args = {
    endpoint: Args.string({ description: 'Its id, or its address where only one has it.', required: true }),
    weight: Args.integer({ description: 'Its share beside the others, 0 to 1000.', required: true, min: 0, max: 1000 }),
  };
  static override flags = serviceFlags;

  async run(): Promise<EndpointView> {
    const { args, flags } = await this.parse(ServicesWeight);
    const { setWeight } = await import('../../lib/app/service-commands.ts');
    const { formatEndpoint } = await import('../../lib/report/services-table.ts');
    const endpoint = await setWeight(flags, args.endpoint, args.weight, this.config.version);
    this.log(formatEndpoint(endpoint));
    return endpoint;
  }
}
