import { Args, Flags } from '../../lib/app/base-command.ts';
import { ProbeCommand } from '../../lib/app/probe-command.ts';
import type { ProbeReport } from '../../lib/app/probe-once.ts';
import { AppError } from '../../lib/errors/app-error.ts';

export default class ProbeHttp extends ProbeCommand {
  static override summary = 'Measure an HTTP request: status, latency, body.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> http://127.0.0.1:8080/health --latency 200ms',
    '<%= config.bin %> <%= command.id %> http://127.0.0.1:8080/ --watch',
  ];
  static override args = { url: Args.string({ description: 'http:// or https:// address.', required: true }) };
  static override flags = {
    method: Flags.string({ summary: 'Method.', default: 'GET' }),
    header: Flags.string({
      summary: 'A header; may be repeated.',
      helpValue: '"name: value"',
      multiple: true,
      char: 'H',
    }),
    body: Flags.string({ summary: 'Body to send.' }),
    status: Flags.string({
      summary: 'Statuses that are within tolerance; may be repeated.',
      helpValue: '200-399',
      multiple: true,
    }),
    contains: Flags.string({ summary: 'Text that the body must hold.' }),
    matches: Flags.string({ summary: 'Regular expression that the body must match.' }),
    'follow-redirects': Flags.boolean({ summary: 'Follow redirects.' }),
    insecure: Flags.boolean({ summary: 'Accept any certificate.', char: 'k' }),
  };

  async run(): Promise<ProbeReport> {
    const { args, flags } = await this.parse(ProbeHttp);
    const { method, body, insecure, latency, contains, matches } = flags;
    const headers = Object.fromEntries((flags.header ?? []).map(parseHeader));
    const status = flags.status?.map((text) => (/^\d+$/.test(text) ? Number(text) : text));
    const text =
      contains === undefined && matches === undefined
        ? undefined
        : { ...(contains !== undefined && { contains }), ...(matches !== undefined && { matches }) };
    return this.measure(
      'http',
      {
        params: { url: args.url, method, headers, body, insecure, followRedirects: flags['follow-redirects'] },
        expect: { status, latency, body: text },
      },
      flags,
    );
  }
}

function parseHeader(text: string): [string, string] {
  const colon = text.indexOf(':');
  if (colon > 0) return [text.slice(0, colon).trim(), text.slice(colon + 1).trim()];
  throw new AppError('usage', `--header ${JSON.stringify(text)} has no colon`, {
    hint: 'write --header "name: value"',
  });
}
