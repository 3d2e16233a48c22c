import { request as httpRequest, type ClientRequestArgs, type IncomingMessage } from 'node:http';
import { AppError, messageOf } from '../errors/app-error.ts';
import type { EndpointView, ServicesSnapshot, ServiceView } from '../events/service-view.ts';
import type { Explanation } from '../resilience/balance.ts';
import { remove } from '../runtime/files.ts';
import { lookupProcess } from '../runtime/processes.ts';
import { listSockets, pidOfSocket } from './control-sockets.ts';
import { parseHostPort } from './http/host-port.ts';

/** Where a process is asked about its services. */
export interface ApiTarget {
  /** For people: a path, or an address. */
  readonly name: string;
  readonly connection: ClientRequestArgs;
  readonly token: string | undefined;
}

export interface TargetOptions {
  /** Undefined: all processes of the state directory. */
  readonly api: string | undefined;
  readonly token: string | undefined;
  readonly stateDirectory: string;
  /** Whom the other side is told it has to do with. */
  readonly userAgent: string;
}

export type ServiceExplanation = Omit<Explanation, 'next'> & { readonly service: string; readonly next: string | null };

/** A local process answers at once. */
const ANSWER_TIMEOUT_MS = 10_000;

/** Every process that has services and answers; those of a socket whose process is gone are forgotten. Throws AppError `usage`. */
export async function findClients(options: TargetOptions): Promise<ServicesClient[]> {
  if (options.api !== undefined) return [new ServicesClient(targetOf(options.api, options.token), options.userAgent)];
  const found: ServicesClient[] = [];
  for (const path of listSockets(options.stateDirectory)) {
    const target: ApiTarget = { name: path, connection: { socketPath: path }, token: undefined };
    const client = new ServicesClient(target, options.userAgent);
    if (await client.isThere()) found.push(client);
    else if (lookupProcess(pidOfSocket(path)) === undefined) remove(path);
  }
  return found;
}

/** Asks one process. Every method throws AppError `usage` with what the other side says when it refuses, or cannot be reached. */
export class ServicesClient {
  readonly #target: ApiTarget;
  readonly #userAgent: string;

  constructor(target: ApiTarget, userAgent: string) {
    this.#target = target;
    this.#userAgent = userAgent;
  }

  async isThere(): Promise<boolean> {
    try {
      return (await this.#send('GET', '/health')).status === 200;
    } catch {
      return false;
    }
  }

  snapshot(): Promise<ServicesSnapshot> {
    return this.#ask<ServicesSnapshot>('GET', '/v1/services');
  }

  explain(service: string, key: string | undefined): Promise<ServiceExplanation> {
    const query = key === undefined ? '' : `?key=${encodeURIComponent(key)}`;
    return this.#ask<ServiceExplanation>('GET', `/v1/services/${encodeURIComponent(service)}/explain${query}`);
  }

  orderBreaker(
    service: string,
    order: { readonly to: string; readonly endpoint?: string | undefined; readonly route?: string | undefined },
  ) {
    return this.#ask<ServiceView>('POST', `/v1/services/${encodeURIComponent(service)}/breaker`, order);
  }

  drain(endpoint: string): Promise<EndpointView> {
    return this.#ask<EndpointView>('POST', `/v1/endpoints/${encodeURIComponent(endpoint)}/drain`);
  }

  undrain(endpoint: string): Promise<EndpointView> {
    return this.#ask<EndpointView>('POST', `/v1/endpoints/${encodeURIComponent(endpoint)}/undrain`);
  }

  setWeight(endpoint: string, weight: number): Promise<EndpointView> {
    return this.#ask<EndpointView>('POST', `/v1/endpoints/${encodeURIComponent(endpoint)}/weight`, { weight });
  }

  async #ask<Answer>(method: string, path: string, body?: object): Promise<Answer> {
    const answer = await this.#send(method, path, body).catch((error: unknown) => {
      throw new AppError('usage', `${this.#target.name} does not answer: ${messageOf(error)}`, {
        hint: 'is `faultline proxy run` or `chaos run` going on there?',
        cause: error,
      });
    });
    const value: unknown = parse(answer.text);
    if (answer.status < 300 && value !== undefined) return value as Answer;
    throw new AppError('usage', reasonOf(value) ?? `${this.#target.name} answers ${answer.status}`, {
      hint: answer.status === 401 ? 'give --token (or FAULTLINE_API_TOKEN)' : undefined,
    });
  }

  #send(method: string, path: string, body?: object): Promise<{ readonly status: number; readonly text: string }> {
    const { connection, token } = this.#target;
    const headers = {
      'User-Agent': this.#userAgent,
      ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
      ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
    };
    return new Promise((resolve, reject) => {
      const request = httpRequest({ ...connection, method, path, headers, agent: false }, (response) => {
        readAll(response).then((text) => resolve({ status: response.statusCode ?? 0, text }), reject);
      });
      request.setTimeout(ANSWER_TIMEOUT_MS, () => request.destroy(new Error(`no answer in ${ANSWER_TIMEOUT_MS} ms`)));
      request.once('error', reject);
      request.end(body === undefined ? undefined : JSON.stringify(body));
    });
  }
}

function targetOf(api: string, token: string | undefined): ApiTarget {
  const parsed = parseHostPort(api.replace(/^http:\/\//, '').replace(/\/$/, ''));
  if (parsed.ok && parsed.port > 0) {
    const { host, port } = parsed;
    return { name: api, connection: { host: host === '' ? '127.0.0.1' : host, port }, token };
  }
  throw new AppError('usage', `--api ${JSON.stringify(api)} is no address`, {
    hint: 'give it as host:port, such as 127.0.0.1:8475, or leave it out for the processes of this machine',
  });
}

async function readAll(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of response as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function reasonOf(value: unknown): string | undefined {
  const error = typeof value === 'object' && value !== null && 'error' in value ? value.error : undefined;
  return typeof error === 'string' ? error : undefined;
}
