import { BreakerCommand } from '../../lib/app/breaker-command.ts';
import type { ServiceView } from '../../lib/events/service-view.ts';

export default class BreakerClose extends BreakerCommand {
  static override summary = 'Force a circuit breaker closed: whatever fails, requests go through until it is reset.';
  static override args = BreakerCommand.args;
  static override flags = BreakerCommand.flags;

  async run(): Promise<ServiceView> {
    return this.order('closed', await this.parse(BreakerClose));
  }
}
