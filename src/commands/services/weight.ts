import { Args } from '../../lib/app/base-command.ts';
import { EndpointCommand } from '../../lib/app/endpoint-command.ts';
import type { EndpointView } from '../../lib/events/service-view.ts';

export default class ServicesWeight extends EndpointCommand {
  static override summary = 'Change the share of the requests that an endpoint gets.';
  static override flags = EndpointCommand.flags;
  static override examples = ['<%= config.bin %> <%= command.id %> payments/127.0.0.1:8080 3'];
  static override args = {
    ...EndpointCommand.args,
    weight: Args.integer({ description: 'Its share beside the others, 0 to 1000.', required: true, min: 0, max: 1000 }),
  };

  async run(): Promise<EndpointView> {
    const { args, flags } = await this.parse(ServicesWeight);
    return this.change(({ setWeight }) => setWeight(flags, args.endpoint, args.weight, this.config.version));
  }
}
