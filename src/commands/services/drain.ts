import { EndpointCommand } from '../../lib/app/endpoint-command.ts';
import type { EndpointView } from '../../lib/events/service-view.ts';

export default class ServicesDrain extends EndpointCommand {
  static override summary = 'Give an endpoint no new requests; those under way go on to their end.';
  static override args = EndpointCommand.args;
  static override flags = EndpointCommand.flags;

  async run(): Promise<EndpointView> {
    const { args, flags } = await this.parse(ServicesDrain);
    return this.change(({ setDrained }) => setDrained(flags, args.endpoint, true, this.config.version));
  }
}
