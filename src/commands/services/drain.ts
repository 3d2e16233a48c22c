import { Args, FaultlineCommand } from '../../lib/app/base-command.ts';
import { serviceFlags } from '../../lib/app/flags.ts';
import type { EndpointView } from '../../lib/events/service-view.ts';

export default class ServicesDrain extends FaultlineCommand {
  static override summary = 'Give an endpoint no new requests; those under way go on to their end.';
  static override examples = ['<%= config.bin %> <%= command.id %> payments/127.0.0.1:8080'];
  static override args = {
    endpoint: Args.string({ description: 'Its id, or its address where only one has it.', required: true }),
  };
  static override flags = serviceFlags;

  async run(): Promise<EndpointView> {
    const { args, flags } = await this.parse(ServicesDrain);
    const { setDrained } = await import('../../lib/app/service-commands.ts');
    const { formatEndpoint } = await import('../../lib/report/services-table.ts');
    const endpoint = await setDrained(flags, args.endpoint, true, this.config.version);
    this.log(formatEndpoint(endpoint));
    return endpoint;
  }
}
