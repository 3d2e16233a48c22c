/** A command that ends in the way that its argument names; a program for base-command.int.test.ts. */
import { Args, FaultlineCommand, Flags } from '../../../src/lib/app/base-command.ts';
import { AppError } from '../../../src/lib/errors/app-error.ts';
import { outliveClosedOutput } from '../../../src/lib/runtime/own-process.ts';

class Failing extends FaultlineCommand {
  static override id = 'chaos:failing';
  static override args = { how: Args.string({ required: true }) };
  static override flags = { lines: Flags.integer({ default: 0 }) };

  async run(): Promise<{ readonly verdict: string; readonly color: boolean }> {
    const { args, flags } = await this.parse(Failing);
    if (args.how === 'app-error') throw new AppError('unhealthy', 'payments is down', { hint: 'start it' });
    if (args.how === 'bug') throw new TypeError('x is not a function');
    if (args.how === 'exit') this.exit(6);
    if (args.how === 'verdict') this.exitAs('failed');
    for (let line = 1; line <= flags.lines && !this.outputClosed.aborted; line++) {
      this.log(`line ${line}`);
      await new Promise((resolve) => setImmediate(resolve));
    }
    this.logToStderr(`closed: ${this.outputClosed.aborted}`);
    return { verdict: args.how, color: this.color() };
  }
}

outliveClosedOutput();
await Failing.run(process.argv.slice(2), process.cwd());
