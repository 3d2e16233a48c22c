import { spawn } from 'node:child_process';
import { connect } from 'node:net';
import { onTestFinished } from 'vitest';
import { until } from './until.ts';

/** Starts a program that listens on a port, waits until it does, and ends it with the test. */
export async function startProgram(program: string, args: readonly string[], port: number): Promise<number> {
  const child = spawn(program, args, {
    stdio: 'ignore',
    env: { ...process.env, PATH: `${process.env.PATH ?? ''}:/usr/sbin:/sbin` },
  });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  onTestFinished(async () => {
    child.kill();
    await ended;
  });
  await until(`${program} to listen on ${port}`, () => isListening(port));
  return child.pid ?? 0;
}

function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
