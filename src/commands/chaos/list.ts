import { FaultlineCommand, Flags } from '../../lib/app/base-command.ts';
import { stateFlag } from '../../lib/app/flags.ts';
import type { ListedRun } from '../../lib/app/list-runs.ts';

export default class ChaosList extends FaultlineCommand {
  static override summary = 'List runs, newest first.';
  static override flags = {
    state: stateFlag,
    limit: Flags.integer({ summary: 'Show at most this many.', default: 20, min: 1 }),
  };

  async run(): Promise<readonly ListedRun[]> {
    const { flags } = await this.parse(ChaosList);
    const { listRuns, formatRunList } = await import('../../lib/app/list-runs.ts');
    const runs = listRuns(flags.state, flags.limit);
    this.log(formatRunList(runs));
    return runs;
  }
}
