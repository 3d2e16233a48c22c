import { dirname } from 'node:path';
import { AppError } from '../errors/app-error.ts';
import type { ControlOwner } from '../events/service-view.ts';
import type { Address } from '../proxy/listen-options.ts';
import type { Proxy } from '../proxy/proxy.ts';
import type { Clock } from '../runtime/clock.ts';
import { makeDirectory, remove } from '../runtime/files.ts';
import type { ServiceRegistry } from '../services/registry.ts';
import { formatHostPort } from '../wire/host-port.ts';
import { socketPathOf } from './control-sockets.ts';
import { isLoopback, turnAway } from './http/access.ts';
import { openHttpServer, type HttpServer, type ListenOn } from './http/http-server.ts';
import { ServiceActions, type RecordAction } from './services/actions.ts';
import { ServiceBoard } from './services/board.ts';
import { answer } from './services/routes.ts';

export type { RecordAction };

export interface ServicesApiOptions {
  readonly proxy: Proxy;
  readonly registry: ServiceRegistry;
  readonly takesEndpoints: (service: string) => boolean;
  readonly clock: Clock;
  readonly owner: ControlOwner;
  /** Where the socket is put that only the owner of this process can open. */
  readonly stateDirectory: string;
  readonly record: RecordAction;
  readonly onNote: (text: string) => void;
}

/** An address at which others may use it as well. */
export interface ApiAddress {
  readonly listen: Address;
  /** What every request has to bring as a bearer token; undefined: nothing, which only a loopback address may be without. */
  readonly token: string | undefined;
  /** Names that it may be called by, beside IP addresses and localhost. */
  readonly hosts: readonly string[];
}

/** Tells of services and changes them over HTTP, at a socket in the state directory and wherever else it is opened. */
export class ServicesApi {
  readonly #options: ServicesApiOptions;
  readonly #board: ServiceBoard;
  readonly #actions: ServiceActions;
  #socket: { readonly server: HttpServer; readonly path: string } | undefined;

  constructor(options: ServicesApiOptions) {
    const { proxy, registry, clock, takesEndpoints, record } = options;
    this.#options = options;
    this.#board = new ServiceBoard(proxy, registry, clock);
    this.#actions = new ServiceActions({ proxy, registry, takesEndpoints, record });
  }

  /** For the commands of whoever owns this process; where that cannot be had, a note says so, and all else goes on. */
  async openSocket(): Promise<void> {
    const { stateDirectory, owner, onNote } = this.#options;
    try {
      const path = socketPathOf(stateDirectory, owner.pid);
      makeDirectory(dirname(path), 0o700);
      // A process that is the first of its container has the number of the one before.
      remove(path);
      this.#socket = { server: await this.#serve({ path }, () => undefined), path };
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      onNote(`commands such as \`faultline services\` cannot reach this process: ${error.message}`);
    }
  }

  /** Throws AppError `usage` when the address cannot be had, or is open to others without a token. */
  open({ listen, token, hosts }: ApiAddress): Promise<HttpServer> {
    if (!isLoopback(listen.host) && listen.host !== 'localhost' && token === undefined)
      throw new AppError(
        'usage',
        `others can reach ${formatHostPort(listen)}, and whoever does could redirect traffic`,
        {
          hint: 'give `api` a token: {listen: …, token: …}, or a loopback address such as 127.0.0.1:8475',
        },
      );
    return this.#serve(listen, ({ headers }) => turnAway(headers, { token, hosts: [listen.host, ...hosts] }));
  }

  /** Closes the socket, once the registry is closed and has answered all who wait; what `open` gave is closed by whoever has it. */
  async close(): Promise<void> {
    this.#board.close();
    await this.#socket?.server.close();
    if (this.#socket !== undefined) remove(this.#socket.path);
  }

  #serve(listen: ListenOn, admit: Parameters<typeof openHttpServer>[1]['admit']): Promise<HttpServer> {
    const { clock, proxy, registry, owner, onNote } = this.#options;
    const parts = { board: this.#board, actions: this.#actions, registry, proxy, clock, owner };
    return openHttpServer(listen, {
      clock,
      admit,
      answerTimeoutMs: ANSWER_TIMEOUT_MS,
      setting: '`api`',
      answer({ method = '', url = '', headers }, body, gone) {
        return answer(parts, { method, target: url }, { body, by: nameOf(headers['user-agent']), gone });
      },
      onBug: onNote,
    });
  }
}

/** Beyond the longest that a watch waits. */
const ANSWER_TIMEOUT_MS = 660_000;
const MAX_NAME_CHARS = 120;

function nameOf(userAgent = ''): string {
  const name = userAgent.replaceAll(/[^\x20-\x7e]/g, '').slice(0, MAX_NAME_CHARS);
  return name === '' ? 'unknown' : name;
}
