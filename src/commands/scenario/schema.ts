import { FaultlineCommand, Flags } from '../../lib/app/base-command.ts';
import { scenarioKinds } from '../../lib/app/open-scenario.ts';
import { proxyJsonSchema, scenarioJsonSchema } from '../../lib/scenario/json-schema.ts';

export default class ScenarioSchema extends FaultlineCommand {
  static override summary = 'Print the JSON Schema of scenario files; editors complete from it.';
  static override description =
    'Name it in the first line of a scenario: # yaml-language-server: $schema=scenario.schema.json';
  static override examples = [
    '<%= config.bin %> <%= command.id %> > scenario.schema.json',
    '<%= config.bin %> <%= command.id %> --proxy > proxy.schema.json',
  ];
  static override flags = {
    proxy: Flags.boolean({ summary: 'That of faultline.yaml, the file of `proxy run`, instead.' }),
  };

  async run(): Promise<unknown> {
    const { flags } = await this.parse(ScenarioSchema);
    const schema = (flags.proxy ? proxyJsonSchema : scenarioJsonSchema)(scenarioKinds());
    this.log(JSON.stringify(schema, null, 2));
    return schema;
  }
}
