import { METRICS_CONTENT_TYPE } from '../../proxy/metrics.ts';
import { ApiError, badBody } from '../http/api-error.ts';
import { parseGoJson, quoteChar } from './go-json-reader.ts';
import type { GoJson, GoWritable } from './go-json.ts';
import { readProxies, readProxy, readProxyChange } from './proxy-body.ts';
import { describeProxy, describeToxics, findToxic, type ApiProxy, type ProxyList } from './proxy-list.ts';
import { noContent, plainError, textReply, type Reply } from '../http/reply.ts';
import { jsonReply } from './json-reply.ts';
import type { Rules } from './rules.ts';
import { describeToxic } from './toxic.ts';

/** What a route has to answer with. */
export interface RouteContext {
  readonly proxies: ProxyList;
  readonly version: string;
  readonly metricsText: () => string;
  readonly rules: Rules;
  readonly body: string;
}

type Handler = (context: RouteContext, proxy: string, toxic: string) => Promise<Reply> | Reply;

interface Route {
  /** `:proxy` and `:toxic` stand for names. */
  readonly path: string;
  readonly methods: ReadonlyMap<string, Handler>;
}

function route(path: string, methods: Readonly<Record<string, Handler>>): Route {
  return { path, methods: new Map(Object.entries(methods)) };
}

const ROUTES: readonly Route[] = [
  route('/version', { GET: showVersion }),
  route('/metrics', { GET: showMetrics }),
  route('/reset', { POST: reset }),
  route('/populate', { POST: populate }),
  route('/proxies', { GET: listProxies, POST: createProxy }),
  route('/proxies/:proxy', { GET: showProxy, POST: updateProxy, PATCH: updateProxy, DELETE: deleteProxy }),
  route('/proxies/:proxy/toxics', { GET: listToxics, POST: createToxic }),
  route('/proxies/:proxy/toxics/:toxic', {
    GET: showToxic,
    POST: updateToxic,
    PATCH: updateToxic,
    DELETE: deleteToxic,
  }),
];

/** Answers a request for a path, which may have a query. Throws ApiError when it cannot be done. */
export async function answer(method: string, target: string, context: RouteContext): Promise<Reply> {
  const segments = (target.split('?', 1)[0] ?? '').split('/').map(decodeSegment);
  const found = ROUTES.find(({ path }) => fits(path.split('/'), segments));
  if (found === undefined) return plainError(404, '404 page not found');
  const handle = found.methods.get(method);
  if (handle === undefined) return { status: 405, headers: { Allow: [...found.methods.keys()].join(', ') }, body: '' };
  return handle(context, segments[2] ?? '', segments[4] ?? '');
}

function fits(pattern: readonly string[], segments: readonly (string | undefined)[]): boolean {
  if (pattern.length !== segments.length) return false;
  return pattern.every((part, i) => (part.startsWith(':') ? Boolean(segments[i]) : part === segments[i]));
}

/** Undefined when its escapes are none: then it names nothing. */
function decodeSegment(segment: string): string | undefined {
  try {
    return decodeURIComponent(segment);
  } catch {
    return undefined;
  }
}

function showVersion({ version }: RouteContext): Reply {
  return textReply(`{"version": "${version}"}\n`, 'application/json;charset=utf-8');
}

function showMetrics({ metricsText }: RouteContext): Reply {
  return textReply(metricsText(), METRICS_CONTENT_TYPE);
}

async function reset({ proxies }: RouteContext): Promise<Reply> {
  await proxies.reset();
  return noContent();
}

function listProxies({ proxies }: RouteContext): Reply {
  return jsonReply(200, new Map(proxies.all().map((proxy) => [proxy.name, describeProxy(proxy)])));
}

async function createProxy({ proxies, rules, body }: RouteContext): Promise<Reply> {
  const spec = readProxy(parseBody(body, rules), { rules, takesToxics: !rules.lenient });
  return jsonReply(201, describeProxy(await proxies.create(spec)));
}

/** One after another; those before the first that fails stay. */
async function populate({ proxies, rules, body }: RouteContext): Promise<Reply> {
  const done: ApiProxy[] = [];
  try {
    const specs = readProxies(parseBody(body, rules), { rules, takesToxics: !rules.lenient });
    for (const spec of specs) done.push(await proxies.populate(spec));
    return jsonReply(201, { proxies: describeAll(done) });
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    const { message, status } = error;
    return jsonReply(status, { error: message, status, proxies: describeAll(done) });
  }
}

/** Of nothing Go makes null. */
function describeAll(proxies: readonly ApiProxy[]): GoWritable {
  return proxies.length === 0 ? null : proxies.map(describeProxy);
}

function showProxy({ proxies }: RouteContext, name: string): Reply {
  return jsonReply(200, describeProxy(proxies.find(name)));
}

async function updateProxy({ proxies, rules, body }: RouteContext, name: string): Promise<Reply> {
  return jsonReply(
    200,
    describeProxy(await proxies.update(name, () => readProxyChange(parseBody(body, rules), rules))),
  );
}

async function deleteProxy({ proxies }: RouteContext, name: string): Promise<Reply> {
  await proxies.delete(name);
  return noContent();
}

function listToxics({ proxies }: RouteContext, name: string): Reply {
  return jsonReply(200, describeToxics(proxies.find(name).toxics));
}

async function createToxic({ proxies, rules, body }: RouteContext, name: string): Promise<Reply> {
  return jsonReply(200, describeToxic(await proxies.addToxic(name, () => parseBody(body, rules), rules)));
}

function showToxic({ proxies }: RouteContext, name: string, toxic: string): Reply {
  return jsonReply(200, describeToxic(findToxic(proxies.find(name), toxic)));
}

async function updateToxic({ proxies, rules, body }: RouteContext, name: string, toxic: string): Promise<Reply> {
  const updated = await proxies.updateToxic(name, toxic, () => parseBody(body, rules), rules);
  return jsonReply(200, describeToxic(updated));
}

async function deleteToxic({ proxies }: RouteContext, name: string, toxic: string): Promise<Reply> {
  await proxies.removeToxic(name, toxic);
  return noContent();
}

/** Toxiproxy reads the first value and leaves the rest. Throws ApiError 400. */
function parseBody(body: string, rules: Rules): GoJson {
  const parsed = parseGoJson(body);
  if (!parsed.ok) throw badBody(parsed.message);
  const rest = parsed.rest.trimStart();
  if (rest !== '') rules.mind(`invalid character ${quoteChar(rest)} after top-level value`, 'what follows is ignored');
  return parsed.value;
}
