import { validateHeaderName, validateHeaderValue, type IncomingHttpHeaders } from 'node:http';
import { z } from 'zod';
import { messageOf } from '../../errors/app-error.ts';
import { formatDurationMs } from '../../wire/quantities.ts';
import { latencyFault, latencySchema } from '../expect/latency.ts';
import { statusFault, statusSchema } from '../expect/status.ts';
import { documentFaults, documentShape, textFaults, textShape, type TextExpectation } from '../expect/text.ts';
import { judged } from '../measure.ts';
import { defineProbe } from '../probe.ts';
import { exchangeHttp, type HttpRequest, type HttpResponse } from '../sockets/http-exchange.ts';
import { lookupRedirect } from '../sockets/redirects.ts';

/** Redirects followed before it counts as a loop; browsers stop at 20, sane services need one or two. */
const MAX_REDIRECTS = 10;

const headersSchema = z.record(z.string(), z.string()).superRefine((headers, context) => {
  for (const [name, value] of Object.entries(headers)) {
    try {
      validateHeaderName(name);
      validateHeaderValue(name, value);
    } catch (error) {
      context.addIssue({ code: 'custom', path: [name], message: messageOf(error) });
    }
  }
});

const params = z.strictObject({
  url: z.url({ protocol: /^https?$/, error: 'expected a URL that begins with http:// or https://' }),
  method: z
    .string()
    .regex(/^[A-Za-z]+$/, { error: 'expected a method such as GET or POST' })
    .default('GET')
    .describe('The method; GET by default.'),
  headers: headersSchema.default({}).describe('Headers to send.'),
  body: z.string().optional().describe('A body to send.'),
  followRedirects: z.boolean().default(false).describe('Whether to follow redirects, up to 10.'),
  insecure: z.boolean().default(false).describe('Accepts certificates that cannot be verified.'),
});

const expect = z.strictObject({
  status: statusSchema.prefault('200-399'),
  latency: latencySchema.describe(
    'The longest the exchange may take, from the look-up of the name to the last byte of the body.',
  ),
  body: z.strictObject(documentShape).optional(),
  headers: z
    .record(z.string(), z.union([z.string(), z.strictObject(textShape)]))
    .optional()
    .describe('Headers of the response: their exact value, or contains and matches.'),
});

/** An HTTP exchange on a new connection; the status must be 200-399 unless said otherwise. */
export const httpProbe = defineProbe({
  kind: 'http',
  summary: 'an HTTP request: status, latency, headers, body (text, pattern, JSON value)',
  params,
  expect,
  create(wanted, expected) {
    const request: HttpRequest = {
      url: new URL(wanted.url),
      method: wanted.method.toUpperCase(),
      headers: wanted.headers,
      body: wanted.body,
      insecure: wanted.insecure,
    };
    return async (host, signal) => {
      const startedMs = host.clock.monotonicMs();
      const response = await exchange(request, wanted.followRedirects ? MAX_REDIRECTS : 0, signal);
      const tookMs = host.clock.monotonicMs() - startedMs;
      return judged(`${response.status} in ${formatDurationMs(tookMs)}`, [
        statusFault(response.status, expected.status),
        latencyFault(tookMs, expected.latency),
        ...headerFaults(response.headers, expected.headers ?? {}),
        ...bodyFaults(response, expected.body),
      ]);
    };
  },
});

async function exchange(first: HttpRequest, maxRedirects: number, signal: AbortSignal): Promise<HttpResponse> {
  let request = first;
  for (let redirects = 0; ; redirects++) {
    const response = await exchangeHttp(request, signal);
    const next = maxRedirects > 0 ? lookupRedirect(request, response) : undefined;
    if (!next) return response;
    if (redirects === maxRedirects)
      throw new Error(`more than ${maxRedirects} redirects, the last to ${next.url.href}`);
    request = next;
  }
}

function bodyFaults({ body, headers }: HttpResponse, expected: z.output<typeof expect>['body']): string[] {
  const encoding = headers['content-encoding'];
  if (expected && encoding !== undefined && encoding !== 'identity') {
    return [`body is encoded (${encoding}) although that was not asked for: not read`];
  }
  return documentFaults(body, expected);
}

function headerFaults(
  headers: IncomingHttpHeaders,
  expected: Readonly<Record<string, string | TextExpectation>>,
): string[] {
  return Object.entries(expected).flatMap(([name, wanted]) => {
    const value = headers[name.toLowerCase()];
    if (value === undefined) return [`header ${name} is missing`];
    const text = Array.isArray(value) ? value.join(', ') : value;
    if (typeof wanted !== 'string') return textFaults({ name: `header ${name}`, text, isCut: false }, wanted);
    return text === wanted ? [] : [`header ${name} is ${JSON.stringify(text)}, not ${JSON.stringify(wanted)}`];
  });
}
