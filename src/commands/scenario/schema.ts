import { FaultlineCommand } from '../../lib/app/base-command.ts';
import { scenarioKinds } from '../../lib/app/open-scenario.ts';
import { scenarioJsonSchema } from '../../lib/scenario/json-schema.ts';

export default class ScenarioSchema extends FaultlineCommand {
  static override summary = 'Print the JSON Schema of scenario files; editors complete from it.';
  static override description =
    'Name it in the first line of a scenario: # yaml-language-server: $schema=scenario.schema.json';
  static override examples = ['<%= config.bin %> <%= command.id %> > scenario.schema.json'];

  async run(): Promise<unknown> {
    await this.parse(ScenarioSchema);
    const schema = scenarioJsonSchema(scenarioKinds());
    this.log(JSON.stringify(schema, null, 2));
    return schema;
  }
}
