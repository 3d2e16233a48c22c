import { FaultlineCommand, Flags } from '../../lib/app/base-command.ts';
import { stateFlag } from '../../lib/app/flags.ts';
import type { ServeReport } from '../../lib/app/serve-proxy.ts';

export default class ProxyServe extends FaultlineCommand {
  static override summary = 'Serve the proxy, controlled by Toxiproxy’s HTTP API: existing clients work as they are.';
  static override description =
    'Proxies and their faults (toxics) are made by HTTP requests, or come from a file. It goes on until Ctrl-C; then everything is taken away. What is impossible or has no meaning is refused with a reason; --lenient takes all that Toxiproxy takes.';
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --config toxiproxy.json --seed 42',
    '<%= config.bin %> <%= command.id %> --api 0.0.0.0:8474 --token "$TOKEN" --allow-host toxiproxy',
  ];
  static override flags = {
    api: Flags.string({
      summary: 'Where the API listens; port 0 takes any free one.',
      default: '127.0.0.1:8474',
      helpValue: 'HOST:PORT',
    }),
    config: Flags.string({
      summary: 'Proxies to begin with, and their toxics: the JSON of /populate.',
      helpValue: 'FILE',
    }),
    lenient: Flags.boolean({
      summary: 'Take what Toxiproxy takes and nobody can mean; a note says what is done instead.',
    }),
    token: Flags.string({
      env: 'FAULTLINE_API_TOKEN',
      summary: 'What every request has to bring: `Authorization: Bearer TOKEN`.',
      helpValue: 'TOKEN',
      noCacheDefault: true,
    }),
    'insecure-api': Flags.boolean({ summary: 'Let everybody who can reach the API use it without a token.' }),
    'allow-host': Flags.string({
      summary: 'A name that the API may be called by, besides IP addresses and localhost; may be repeated.',
      helpValue: 'NAME',
      multiple: true,
      multipleNonGreedy: true,
    }),
    seed: Flags.integer({
      summary: 'The same seed hurts the same connections and requests; random unless given.',
      min: 0,
    }),
    restore: Flags.boolean({ summary: 'Bring back what was in force when an earlier one on this address was killed.' }),
    state: stateFlag,
    events: Flags.option({
      options: ['ndjson'] as const,
      summary: 'Print every event as one JSON object a line.',
      exclusive: ['json'],
    })(),
  };

  async run(): Promise<ServeReport> {
    const { flags } = await this.parse(ProxyServe);
    const { serveProxy } = await import('../../lib/app/serve-proxy.ts');
    return serveProxy({ ...flags, json: this.jsonEnabled(), version: this.config.version });
  }
}
