import { FaultlineCommand, Flags } from '../../lib/app/base-command.ts';
import type { CaReport } from '../../lib/app/show-ca.ts';

export default class ProxyCa extends FaultlineCommand {
  static override summary =
    'Show the certificate authority of this machine’s proxies, and how clients come to trust it; it is created when it is not there.';
  static override description =
    'Services with `tls: { certificate: local-ca }` are shown under certificates that it signs. Its key never leaves the folder that it is in.';
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --export ca.pem',
  ];
  static override flags = {
    export: Flags.string({
      summary: 'Write its certificate to a file, for another machine or a container.',
      helpValue: 'FILE',
    }),
  };

  async run(): Promise<CaReport> {
    const { flags } = await this.parse(ProxyCa);
    const { showCa, formatCa } = await import('../../lib/app/show-ca.ts');
    const report = await showCa(flags.export);
    this.log(formatCa(report));
    return report;
  }
}
