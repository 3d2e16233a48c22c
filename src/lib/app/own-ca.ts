import { join } from 'node:path';
import type { LocalCa } from '../proxy/local-ca.ts';
import { realClock } from '../runtime/clock.ts';
import { configDirectory } from '../runtime/environment.ts';
import type { FrontSpec } from '../scenario/scenario.ts';

/** Where our own certificate authority is kept. */
export function caDirectory(): string {
  return join(configDirectory(), 'ca');
}

/** Our own certificate authority, opened once, and only when a service is to be certified by it: making certificates takes a library. */
export class OwnCa {
  #load: ((directory: string) => LocalCa) | undefined;
  #ca: LocalCa | undefined;

  /** To be called before `open` for whoever may want it. */
  async prepareFor(services: readonly FrontSpec[]): Promise<void> {
    if (services.some(({ tls }) => tls?.certificate === 'local-ca')) await this.load();
  }

  async load(): Promise<void> {
    if (this.#load !== undefined) return;
    const { openLocalCa } = await import('../proxy/local-ca.ts');
    this.#load = (directory) => openLocalCa(directory, realClock);
  }

  /** Creates it when it is not there. Throws AppError `usage` when it cannot be had. */
  readonly open = (): LocalCa => {
    if (this.#load === undefined) throw new Error('the library that makes certificates is not loaded');
    return (this.#ca ??= this.#load(caDirectory()));
  };
}
