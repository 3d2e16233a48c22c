import { requireBounds } from './fixed-histogram.ts';

/**
 * Metrics in the text exposition format of Prometheus, version 0.0.4.
 *
 *     # HELP proxy_requests_total Requests that were answered.
 *     # TYPE proxy_requests_total counter
 *     proxy_requests_total{service="cart",code="200"} 1027
 */

/** What an HTTP answer with such a text says about it. */
export const CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

export type Labels = Readonly<Record<string, string>>;
export type Sample = readonly [labels: Labels, value: number];
/** A histogram's state: values per bucket, not cumulative, the last one being that without a bound; and the sum of all values. */
export type HistogramSample = readonly [
  labels: Labels,
  state: { readonly counts: ArrayLike<number>; readonly sum: number },
];

const METRIC_NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;
/** Names that begin with two underscores belong to Prometheus itself. */
const LABEL_NAME = /^(?!__)[a-zA-Z_][a-zA-Z0-9_]*$/;
/** The label that tells the upper bound of a bucket. */
const BOUND_LABEL = 'le';

/**
 * Collects the metrics of one answer. Names that the format does not allow, a name given twice and counts that do not fit the bounds are bugs
 * of ours, and throw; values of labels may be any text.
 */
export class MetricsText {
  readonly #names = new Set<string>();
  #text = '';

  /** A metric that only grows; its name should end in `_total`. */
  counter(name: string, help: string, samples: Iterable<Sample>): void {
    this.#plain('counter', name, help, samples);
  }

  /** A metric that goes up and down. */
  gauge(name: string, help: string, samples: Iterable<Sample>): void {
    this.#plain('gauge', name, help, samples);
  }

  /** A metric of buckets; in the text they are cumulative, with `_sum` and `_count` after them. */
  histogram(
    name: string,
    help: string,
    { boundsSeconds }: { readonly boundsSeconds: readonly number[] },
    samples: Iterable<HistogramSample>,
  ): void {
    requireBounds(boundsSeconds);
    this.#begin('histogram', name, help, [`${name}_bucket`, `${name}_sum`, `${name}_count`]);
    for (const [labels, { counts, sum }] of samples) {
      if (counts.length !== boundsSeconds.length + 1) {
        throw new Error(`${name}: ${counts.length} counts for ${boundsSeconds.length} bounds`);
      }
      const pairs = formatPairs(labels, [BOUND_LABEL]);
      let below = 0;
      for (let i = 0; i < counts.length; i++) {
        below += counts[i] ?? 0;
        this.#line(
          `${name}_bucket`,
          [...pairs, `${BOUND_LABEL}="${formatValue(boundsSeconds[i] ?? Infinity)}"`],
          below,
        );
      }
      this.#line(`${name}_sum`, pairs, sum);
      this.#line(`${name}_count`, pairs, below);
    }
  }

  /** All of it; each line ends in a line feed. */
  toString(): string {
    return this.#text;
  }

  #plain(type: string, name: string, help: string, samples: Iterable<Sample>): void {
    this.#begin(type, name, help, []);
    for (const [labels, value] of samples) this.#line(name, formatPairs(labels, []), value);
  }

  #begin(type: string, name: string, help: string, parts: readonly string[]): void {
    if (!METRIC_NAME.test(name)) throw new Error(`no name of a metric: ${JSON.stringify(name)}`);
    for (const taken of [name, ...parts]) {
      if (this.#names.has(taken)) throw new Error(`a metric given twice: ${taken}`);
      this.#names.add(taken);
    }
    this.#text += `# HELP ${name} ${escapeHelp(help)}\n# TYPE ${name} ${type}\n`;
  }

  #line(name: string, pairs: readonly string[], value: number): void {
    this.#text += `${name}${pairs.length === 0 ? '' : `{${pairs.join(',')}}`} ${formatValue(value)}\n`;
  }
}

function formatPairs(labels: Labels, reserved: readonly string[]): string[] {
  return Object.entries(labels).map(([name, value]) => {
    if (!LABEL_NAME.test(name) || reserved.includes(name))
      throw new Error(`no name of a label: ${JSON.stringify(name)}`);
    return `${name}="${escapeLabelValue(value)}"`;
  });
}

function escapeLabelValue(value: string): string {
  return escapeHelp(value).replaceAll('"', '\\"');
}

function escapeHelp(help: string): string {
  return help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
}

/** As Go reads and writes numbers: infinity has its sign and three letters. */
function formatValue(value: number): string {
  if (value === Infinity) return '+Inf';
  if (value === -Infinity) return '-Inf';
  return String(value);
}
