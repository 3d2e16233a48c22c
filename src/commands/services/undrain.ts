import { EndpointCommand } from '../../lib/app/endpoint-command.ts';
import type { EndpointView } from '../../lib/events/service-view.ts';

export default class ServicesUndrain extends EndpointCommand {
  static override summary = 'Give a drained endpoint its weight back.';
  static override args = EndpointCommand.args;
  static override flags = EndpointCommand.flags;

  async run(): Promise<EndpointView> {
    const { args, flags } = await this.parse(ServicesUndrain);
    return this.change(({ setDrained }) => setDrained(flags, args.endpoint, false, this.config.version));
  }
}
