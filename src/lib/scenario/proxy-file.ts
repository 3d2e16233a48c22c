import { PROXY_FORMAT } from './checks/proxy-format.ts';
import { buildProxyConfig } from './file/build-proxy.ts';
import { loadFile, type LoadOptions } from './file/load-file.ts';
import { parseFile, type ParseOptions } from './file/parse-file.ts';
import type { ProxyConfig } from './proxy-config.ts';

export { proxyFileSchema } from './proxy-schema.ts';

/** Reads, checks and completes a `faultline.yaml`. Throws one AppError `usage` with all mistakes that are in it, as for scenarios. */
export function loadProxyFile(file: string, options: LoadOptions): ProxyConfig {
  return loadFile(file, options, parseProxyFile);
}

/** The same for a text that is in memory already; touches no disk but through `readFile`. */
export function parseProxyFile(text: string, options: ParseOptions): ProxyConfig {
  return buildProxyConfig(parseFile(text, options, PROXY_FORMAT), options);
}
