import type { ServiceView } from '../events/service-view.ts';
import { Args, FaultlineCommand, Flags } from './base-command.ts';
import { serviceFlags, type ServiceFlags } from './flags.ts';

interface Parsed {
  readonly args: { readonly service: string };
  readonly flags: ServiceFlags & { readonly endpoint: string | undefined; readonly route: string | undefined };
}

/** What `faultline breaker <verb>` shares: which breakers are meant, and what is shown of them. */
export abstract class BreakerCommand extends FaultlineCommand {
  static override args = { service: Args.string({ description: 'Its name.', required: true }) };
  static override flags = {
    ...serviceFlags,
    endpoint: Flags.string({ summary: 'Only that of this endpoint, where each has one.', helpValue: 'ENDPOINT' }),
    route: Flags.string({
      summary: 'Only that of this route, where it has its own.',
      helpValue: 'NAME',
      exclusive: ['endpoint'],
    }),
  };
  static override examples = [
    '<%= config.bin %> <%= command.id %> payments',
    '<%= config.bin %> <%= command.id %> payments --endpoint 127.0.0.1:8080',
  ];

  protected async order(to: 'open' | 'closed' | 'reset', { args, flags }: Parsed): Promise<ServiceView> {
    const { orderBreaker } = await import('./service-commands.ts');
    const { formatBreakers } = await import('../report/services-table.ts');
    const view = await orderBreaker(flags, { service: args.service, to, version: this.config.version });
    this.log(formatBreakers(view));
    return view;
  }
}
