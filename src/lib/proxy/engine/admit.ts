import type { Socket } from 'node:net';
import { messageOf } from '../../errors/app-error.ts';
import type { SecureContexts, TlsFront } from '../tls-options.ts';
import type { ConnectionView, Protocol } from '../views.ts';
import { ClientWire } from './client-wire.ts';
import type { Front } from './front.ts';
import { HttpConnection } from './http1/http-connection.ts';
import { openHttp2 } from './http2/open-http2.ts';
import { Sniffer, type Spoken } from './sniffer.ts';
import { TcpRelay } from './tcp-relay.ts';
import { TlsTermination } from './tls/tls-termination.ts';
import type { UpstreamLink } from './upstream-link.ts';

/** How the connections of a listener are treated. */
export interface Admission {
  readonly front: Front;
  readonly protocol: Exclude<Protocol, 'udp'>;
  /** Whether the service speaks TLS to us. */
  readonly reoriginates: boolean;
  readonly tls: TlsFront | undefined;
  /** Of the certificates that clients are shown; undefined: TLS is passed through. */
  readonly contexts: SecureContexts | undefined;
}

/** Takes in a connection: finds out what it speaks, and hands it to whoever understands that. */
export function admit(socket: Socket, view: ConnectionView, admission: Admission): void {
  const { front, protocol } = admission;
  const wire = new ClientWire(socket, socket, front, view);
  front.adopt(wire);
  wire.open();
  if (wire.isGone) return;
  if (protocol === 'tcp') {
    front.counters.spoken.raw++;
    new TcpRelay(wire).open();
  } else sniff(wire, admission, socket);
}

/** `socket` is undefined when TLS has been taken off already. */
function sniff(wire: ClientWire, admission: Admission, socket: Socket | undefined, link?: UpstreamLink): void {
  const { front, protocol, reoriginates } = admission;
  const isPlain = socket !== undefined;
  const sniffer = new Sniffer(
    wire,
    {
      dialsFirst: protocol === 'auto' && isPlain && !reoriginates,
      takesRaw: protocol === 'auto',
      endsTls: admission.contexts !== undefined,
    },
    {
      onSpoken(spoken, first, dialled) {
        const ready = link ?? dialled;
        if (spoken.speaks !== 'tls') {
          front.counters.spoken[spoken.speaks]++;
          if (spoken.speaks === 'raw' && (protocol === 'http' || isPretence(first))) front.counters.fallbacks++;
          speak(spoken.speaks, wire, first, ready);
          return;
        }
        ready?.destroy();
        front.counters.spoken.tls++;
        if (socket === undefined || first === undefined) speak('raw', wire, first, undefined);
        else meetTls(wire, admission, socket, spoken, first);
      },
    },
  );
  wire.attach(sniffer);
  sniffer.open();
}

function speak(speaks: Exclude<Spoken['speaks'], 'tls'>, wire: ClientWire, first?: Buffer, link?: UpstreamLink): void {
  switch (speaks) {
    case 'http1':
      new HttpConnection(wire, link).open(first);
      return;
    case 'http2':
      openHttp2(wire, link, first);
      return;
    case 'raw':
      new TcpRelay(wire, link).open(first);
  }
}

/** A client that speaks TLS: its TLS ends here, or is passed through to the endpoint for the name that it asks for. */
function meetTls(
  wire: ClientWire,
  admission: Admission,
  socket: Socket,
  { serverName, alpn }: Extract<Spoken, { speaks: 'tls' }>,
  first: Buffer,
): void {
  const { front, contexts, reoriginates, tls } = admission;
  wire.learnServerName(serverName);
  if (contexts === undefined) {
    passThrough(wire, serverName, first);
    return;
  }
  let context;
  try {
    context = contexts.find(serverName);
  } catch (error) {
    front.note(`no certificate for ${serverName ?? 'a client without a server name'}: ${messageOf(error)}`);
    front.counters.tlsFailures++;
    wire.reset();
    return;
  }
  const options = { socket, first, context, offeredAlpn: alpn, ownAlpn: tls?.alpn, serverName, reoriginates };
  const termination = new TlsTermination(wire, options, (decrypted, link) => {
    const inner = wire.over(decrypted);
    if (decrypted.alpnProtocol === 'h2') {
      front.counters.spoken.http2++;
      openHttp2(inner, link);
    } else if (decrypted.alpnProtocol === 'http/1.1') {
      front.counters.spoken.http1++;
      new HttpConnection(inner, link).open();
    } else sniff(inner, admission, undefined, link);
  });
  wire.attach(termination);
  termination.open();
}

/** Bytes that began as TLS does, but are none. */
function isPretence(first: Buffer | undefined): boolean {
  return first?.[0] === 0x16;
}

function passThrough(wire: ClientWire, serverName: string | undefined, first: Buffer): void {
  const relay = new TcpRelay(wire);
  relay.openWith(wire.front.dial(relay, { isPlain: true, serverName }), first);
}
