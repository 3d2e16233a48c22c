import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  ParentBasedSampler,
  TraceIdRatioBasedSampler,
  type Sampler,
} from '@opentelemetry/sdk-trace-node';
import type { Environment } from '../../runtime/environment.ts';

const PARENT_BASED = 'parentbased_';

/**
 * The sampler that OTEL_TRACES_SAMPLER and OTEL_TRACES_SAMPLER_ARG ask for (OpenTelemetry "Environment Variable Specification"); where they say
 * nothing, or nothing that is known, whoever comes with a trace decides, and of the others all are sampled.
 */
export function createSampler(env: Environment): Sampler {
  const name = env.OTEL_TRACES_SAMPLER?.trim().toLowerCase() ?? '';
  const isParentBased = name.startsWith(PARENT_BASED);
  const root = createRoot(isParentBased ? name.slice(PARENT_BASED.length) : name, env.OTEL_TRACES_SAMPLER_ARG);
  if (root === undefined) return new ParentBasedSampler({ root: new AlwaysOnSampler() });
  return isParentBased ? new ParentBasedSampler({ root }) : root;
}

function createRoot(name: string, argument: string | undefined): Sampler | undefined {
  switch (name) {
    case 'always_on':
      return new AlwaysOnSampler();
    case 'always_off':
      return new AlwaysOffSampler();
    case 'traceidratio':
      return new TraceIdRatioBasedSampler(parseRatio(argument));
    default:
      return undefined;
  }
}

/** One for what is no ratio, as the specification asks for. */
function parseRatio(text = ''): number {
  const ratio = text.trim() === '' ? 1 : Number(text);
  return ratio >= 0 && ratio <= 1 ? ratio : 1;
}
