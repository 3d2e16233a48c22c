import { connect, type Socket } from 'node:net';
import type { Checker } from '../health-check.ts';
import { messageOfSocket } from './http-connection.ts';

/** Opens a connection and closes it: a new one each time, since one that stays open says nothing of the listener. */
export class TcpChecker implements Checker {
  readonly stage = 'connecting';
  readonly #place: { readonly host: string; readonly port: number };
  #socket: Socket | undefined;

  constructor(place: { readonly host: string; readonly port: number }) {
    this.#place = place;
  }

  begin(done: (failure: string | undefined) => void): void {
    const socket = connect({ host: this.#place.host, port: this.#place.port });
    const settle = (failure: string | undefined): void => {
      if (this.#socket !== socket) return;
      this.reset();
      done(failure);
    };
    this.#socket = socket;
    socket.on('connect', () => settle(undefined));
    socket.on('error', (error) => settle(messageOfSocket(error)));
    socket.on('close', () => settle('the connection was closed at once'));
  }

  reset(): void {
    const socket = this.#socket;
    this.#socket = undefined;
    socket?.destroy();
  }
}
