import { AppError } from '../../errors/app-error.ts';
import { endProcesses } from '../../runtime/end-processes.ts';
import { formatFaultMark } from '../../runtime/marks.ts';
import { isAlive } from '../../runtime/processes.ts';
import { formatDurationMs } from '../../wire/quantities.ts';
import { defineFault, type Check } from '../fault.ts';
import { KillMeter, notCarriedOut } from '../kill/meter.ts';
import { killParamsSchema, type KillParams } from '../kill/params.ts';
import { killUndoSchema, type KillUndo } from '../kill/undo.ts';
import { lookupMeasurement, rememberMeasurement } from '../measured.ts';
import type { FaultHost, ServicesControl, Target, TargetProcess } from '../targets.ts';

/**
 * Ends processes; a service that the scenario has started stays down for the time of the fault, and is then started again. Which processes a
 * service consists of is found out at the very moment: another fault may have restarted it.
 */
export const killFault = defineFault<KillParams, KillUndo>({
  kind: 'kill',
  summary: 'end a process by a signal; a service of the scenario is started again when the fault is over',
  targets: ['process'],
  undoneBy: 'guardian',
  params: killParamsSchema,
  undo: killUndoSchema,

  async check(params, target, host) {
    return checkKill(params, target, host);
  },

  async plan({ restart }, target, host, { run, id }) {
    const mark = formatFaultMark(run, id);
    if (!restart) return { mode: 'none', mark };
    const own = lookupOwn(target, host);
    if (!own) throw new AppError('invalid', NOBODY_STARTS.why, { hint: NOBODY_STARTS.remedy });
    const { service, services } = own;
    const { pid, startTicks } = services.owner;
    return { mode: 'restart', mark, service, owner: { pid, startTicks }, limitMs: services.startLimitMs(service) };
  },

  async inject(params, { mark }, target, host, _context, abort) {
    abort.throwIfAborted();
    const own = lookupOwn(target, host);
    const killed = own
      ? await own.services.kill(own.service, mark, params.signal, abort)
      : await endProcesses({ find: () => processesOf(target), signal: params.signal, clock: host.clock, abort });
    rememberMeasurement(mark, new KillMeter(params, killed, host.clock));
  },

  async effect(params, { mark }) {
    return lookupMeasurement(mark)?.effect() ?? notCarriedOut(params);
  },

  async revert(undo, host) {
    const meter = lookupMeasurement(undo.mark);
    // Another process than the runner's has nothing to start again: the services of a run end with it.
    const restart = undo.mode === 'restart' ? await host.services?.startAgain(undo.service, undo.mark) : undefined;
    if (restart && meter instanceof KillMeter) meter.restarted(restart);
    meter?.freeze();
  },

  revertLimitMs: (undo) => (undo.mode === 'restart' ? undo.limitMs : undefined),

  describeUndo(undo) {
    if (undo.mode === 'none') return 'nothing: what was killed is not started again';
    const within = formatDurationMs(undo.limitMs);
    return `start service ${undo.service} again, within ${within} (it ends with process ${undo.owner.pid} in any case)`;
  },

  async isInForce(undo, host) {
    if (undo.mode === 'none') return false;
    return host.services ? host.services.isDown(undo.service, undo.mark) : isAlive(undo.owner);
  },
});

const NOBODY_STARTS = {
  why: 'nobody could start these processes again: the scenario has not started them',
  remedy: 'aim at a service that has `run`, or say `restart: false` if something else starts them, or nothing is to',
};

function checkKill({ restart }: KillParams, target: Target, host: FaultHost): Check {
  return !restart || lookupOwn(target, host) ? { ok: true } : { ok: false, ...NOBODY_STARTS };
}

/** The service that the target is, and who can start it again. */
function lookupOwn(
  target: Target,
  { services }: FaultHost,
): { readonly service: string; readonly services: ServicesControl } | undefined {
  const service = target.on === 'process' ? target.service : undefined;
  return service !== undefined && services?.canStart(service) ? { service, services } : undefined;
}

function processesOf(target: Target): readonly TargetProcess[] {
  return target.on === 'process' ? target.processes : [];
}
