import { Flags } from '../../lib/app/base-command.ts';
import { ProbeCommand } from '../../lib/app/probe-command.ts';
import type { ProbeReport } from '../../lib/app/probe-once.ts';

export default class ProbeProcess extends ProbeCommand {
  static override summary = 'Measure a process: alive, CPU use, memory.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> --name nginx --max-rss 200MiB',
    '<%= config.bin %> <%= command.id %> --pid 4312 --max-cpu 50% --watch',
  ];
  static override flags = {
    pid: Flags.integer({ summary: 'Process id.', min: 1, exactlyOne: ['pid', 'name', 'pid-file'] }),
    name: Flags.string({ summary: 'Name of the program; all that bear it are summed up.' }),
    'pid-file': Flags.string({ summary: 'File that holds the process id.' }),
    'max-cpu': Flags.string({ summary: 'The most CPU, in percent of one core.', helpValue: '50%' }),
    'max-rss': Flags.string({ summary: 'The most resident memory.', helpValue: '200MiB' }),
    gone: Flags.boolean({ summary: 'Within tolerance when there is no such process.' }),
  };

  async run(): Promise<ProbeReport> {
    const { flags } = await this.parse(ProbeProcess);
    const { pid, name } = flags;
    const cpu = flags['max-cpu'] === undefined ? undefined : { max: flags['max-cpu'] };
    const rss = flags['max-rss'] === undefined ? undefined : { max: flags['max-rss'] };
    return this.measure(
      'process',
      { params: { pid, name, pidFile: flags['pid-file'] }, expect: { alive: !flags.gone, cpu, rss } },
      flags,
    );
  }
}
