import { messageOf } from '../../errors/app-error.ts';
import type { Environment } from '../../runtime/environment.ts';
import { readTraceSettings, type TraceSettingsOn } from './settings.ts';

/**
 * What `open` makes, or undefined when the environment names no endpoint, switches tracing off, or asks for a protocol other than gRPC. `open`
 * loads the OpenTelemetry SDK, so that it costs nothing where nobody wants it. Never rejects: what is done is not worth less because it
 * cannot be traced.
 */
export async function lookupTraced<Opened>(
  env: Environment,
  /** What is traced, for the note that it is not: `this run is`. */
  subject: string,
  note: (text: string) => void,
  open: (settings: TraceSettingsOn) => Promise<Opened>,
): Promise<Opened | undefined> {
  const settings = readTraceSettings(env);
  switch (settings.state) {
    case 'off':
      return undefined;
    case 'unsupported':
      note(`${subject} not traced: ${settings.why}`);
      return undefined;
    case 'on':
      try {
        return await open(settings);
      } catch (error) {
        note(`${subject} not traced: ${messageOf(error)}`);
        return undefined;
      }
  }
}
