import { BreakerCommand } from '../../lib/app/breaker-command.ts';
import type { ServiceView } from '../../lib/events/service-view.ts';

export default class BreakerOpen extends BreakerCommand {
  static override summary = 'Force a circuit breaker open: no request goes through until it is closed or reset.';
  static override args = BreakerCommand.args;
  static override flags = BreakerCommand.flags;

  async run(): Promise<ServiceView> {
    return this.order('open', await this.parse(BreakerOpen));
  }
}
