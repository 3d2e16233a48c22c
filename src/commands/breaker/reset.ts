import { BreakerCommand } from '../../lib/app/breaker-command.ts';
import type { ServiceView } from '../../lib/events/service-view.ts';

export default class BreakerReset extends BreakerCommand {
  static override summary = 'Let a circuit breaker go: closed, nothing counted, by its own rules from now on.';
  static override args = BreakerCommand.args;
  static override flags = BreakerCommand.flags;

  async run(): Promise<ServiceView> {
    return this.order('reset', await this.parse(BreakerReset));
  }
}
