import type { EndpointView } from '../events/service-view.ts';
import { Args, FaultlineCommand } from './base-command.ts';
import { serviceFlags } from './flags.ts';

/** What the commands share that change one endpoint: which is meant, and what is shown of it. */
export abstract class EndpointCommand extends FaultlineCommand {
  static override args = {
    endpoint: Args.string({ description: 'Its id, or its address where only one has it.', required: true }),
  };
  static override flags = serviceFlags;
  static override examples = ['<%= config.bin %> <%= command.id %> payments/127.0.0.1:8080'];

  protected async change(
    change: (commands: typeof import('./service-commands.ts')) => Promise<EndpointView>,
  ): Promise<EndpointView> {
    const { formatEndpoint } = await import('../report/services-table.ts');
    const endpoint = await change(await import('./service-commands.ts'));
    this.log(formatEndpoint(endpoint));
    return endpoint;
  }
}
