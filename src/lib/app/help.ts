import type { Config } from '@oclif/core/config';
import { CommandHelp, Help } from '@oclif/core/help';

/** The widest that help text gets: longer lines are hard to read. */
const MAX_WIDTH = 100;

/** The summary stands at the top of a command's help already; the library would print it a second time. */
class CommandHelpText extends CommandHelp {
  protected override description(): string | undefined {
    return this.command.description === undefined ? undefined : this.wrap(this.command.description);
  }
}

/** The command library's help, as text instead of printed. */
class HelpText extends Help {
  protected override CommandHelpClass = CommandHelpText;
  readonly #parts: string[] = [];

  protected override log(...parts: string[]): void {
    this.#parts.push(...parts);
  }

  get text(): string {
    return `${this.#parts.join('\n').trimEnd()}\n`;
  }
}

/** The help of a command or a topic that the configuration knows. */
export async function formatHelp(
  config: Config,
  id: string,
  { color, columns }: { color: boolean; columns: number },
): Promise<string> {
  const help = new HelpText(config, { docopts: false, stripAnsi: !color, maxWidth: Math.min(columns, MAX_WIDTH) });
  await help.showHelp(id.split(':'));
  return help.text;
}
