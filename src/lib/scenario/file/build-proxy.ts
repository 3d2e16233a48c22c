import { nameFaults } from '../checks/names.ts';
import { mapsIn, valueAt } from '../checks/raw.ts';
import type { ProxiedFault, ProxiedService, ProxyConfig } from '../proxy-config.ts';
import type { ProxyFile } from '../proxy-schema.ts';
import type { TlsSpec } from '../scenario.ts';
import { buildFront } from './build-front.ts';
import { fileParamsOf, resolveFileParams } from './file-params.ts';
import type { ParsedFile, ParseOptions } from './parse-file.ts';

type Parsed = ParsedFile<ProxyFile>;

/** Brings a proxy's file that passed the schema into the form that the proxy takes. */
export function buildProxyConfig(parsed: Parsed, { file, kinds }: ParseOptions): ProxyConfig {
  const { seed, metrics, api, services } = parsed.file;
  return {
    file,
    seed,
    metrics,
    api,
    services: Object.fromEntries(
      Object.entries(services).map(([name, service]) => [name, buildService(name, service, parsed, kinds)]),
    ),
    secrets: api?.token === undefined ? parsed.secrets : [...parsed.secrets, api.token],
  };
}

function buildService(
  name: string,
  service: ProxyFile['services'][string],
  { source, files }: Parsed,
  kinds: ParseOptions['kinds'],
): ProxiedService {
  const path = ['services', name, 'faults'];
  const ids = nameFaults(mapsIn(valueAt(source.root, path), path));
  const front = buildFront(name, { ...service, endpoints: service.endpoints ?? [] }, files, kinds);
  const faults = service.faults.map((fault, index): ProxiedFault => {
    const kind = kinds.faults.find((candidate) => candidate.kind === fault.fault);
    const named = kind === undefined ? [] : fileParamsOf(kind, fault.with);
    return {
      id: ids[index]?.name ?? '',
      kind: fault.fault,
      params: resolveFileParams(kind, fault.with, files),
      filesDigest: files.digest(named.map(([, text]) => text)),
    };
  });
  return { ...front, listen: service.listen, faults, filesDigest: files.digest(filesOf(front.tls)) };
}

function filesOf(tls: TlsSpec | undefined): string[] {
  const shown = typeof tls?.certificate === 'object' ? tls.certificate : undefined;
  const { ca, certificate: client } = tls?.upstream ?? {};
  return [shown?.cert, shown?.key, ca, client?.cert, client?.key].filter((file) => file !== undefined);
}
