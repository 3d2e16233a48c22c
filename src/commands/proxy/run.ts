import { FaultlineCommand, Flags } from '../../lib/app/base-command.ts';
import { stateFlag, varFileFlag, varFlag } from '../../lib/app/flags.ts';
import type { CheckedProxyFile, ProxyRunReport } from '../../lib/app/run-proxy.ts';

export default class ProxyRun extends FaultlineCommand {
  static override summary = 'Run the proxy that faultline.yaml describes: listeners, endpoints, TLS, faults in force.';
  static override description =
    'It goes on until Ctrl-C; requests that are under way are answered, everything else is taken away. SIGHUP reads the file again: only what differs is touched, and open connections go on. With mistakes in it, what was in force stays in force.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> -c faultline.yaml',
    '<%= config.bin %> <%= command.id %> -c faultline.yaml --check',
    '<%= config.bin %> <%= command.id %> -c faultline.yaml --events ndjson > events.ndjson',
  ];
  static override flags = {
    config: Flags.string({ char: 'c', summary: 'The file.', helpValue: 'FILE', default: 'faultline.yaml' }),
    check: Flags.boolean({ summary: 'Only check the file; every mistake is shown at once, with its place.' }),
    var: varFlag,
    'var-file': varFileFlag,
    seed: Flags.integer({ summary: 'Overrides the file’s seed: the same seed hurts the same requests.', min: 0 }),
    state: stateFlag,
    events: Flags.option({
      options: ['ndjson'] as const,
      summary: 'Print every event as one JSON object a line.',
      exclusive: ['json'],
    })(),
  };

  async run(): Promise<ProxyRunReport | CheckedProxyFile> {
    const { flags } = await this.parse(ProxyRun);
    const { checkProxyFile, runProxy } = await import('../../lib/app/run-proxy.ts');
    if (flags.check) {
      const checked = checkProxyFile(flags.config, flags);
      this.log(`✓ ${checked.file}  ${checked.services} services, ${checked.faults} faults`);
      return checked;
    }
    return runProxy(flags.config, { ...flags, json: this.jsonEnabled(), version: this.config.version });
  }
}
