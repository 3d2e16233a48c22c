import { builtinModules, createRequire } from 'node:module';
import type { Plugin } from 'rolldown';

/** Modules of Node whose loading takes long, and whose functions nobody promisifies. */
const COSTLY = ['http', 'https', 'tls', 'crypto'];

const require = createRequire(import.meta.url);

/** Those that Node has loaded by itself before our code begins: together in one chunk they cost nothing. */
export const LOADED_BUILTINS =
  /^\0builtin:(?:buffer|events|fs|fs\/promises|os|path|process|stream|timers|timers\/promises|url|util)$/;

const MODULE = '\0builtin:';
const VALUE = '\0builtin-value:';

/**
 * Importing one of Node's own modules evaluates each of its exports, those behind getters as well: `node:http` loads the whole of undici for
 * its `WebSocket` and takes 40 ms, `node:fs` loads its streams. In the bundle they are asked for by name instead:
 *
 *     import { readFileSync } from 'node:fs'      → a property of process.getBuiltinModule('fs')
 *     import { request } from 'node:https'        → a function that loads node:https when it is first called
 *     import { Agent, WebSocket } from 'node:http' → modules of their own, evaluated only where they are imported
 */
export function lazyBuiltins(): Plugin {
  return {
    name: 'lazy-builtins',
    resolveId: {
      order: 'pre',
      handler(id, _importer, { kind }) {
        if (id.startsWith(VALUE)) return { id, moduleSideEffects: false };
        const name = id.replace(/^node:/, '');
        const isBuiltin = builtinModules.includes(name) || builtinModules.includes(id);
        // A dynamic import and a require() work on the whole module.
        return isBuiltin && kind === 'import-statement' ? { id: MODULE + name, moduleSideEffects: false } : null;
      },
    },
    load(id) {
      if (id.startsWith(MODULE)) return moduleText(id.slice(MODULE.length));
      if (!id.startsWith(VALUE)) return null;
      const [name = '', key = ''] = id.slice(VALUE.length).split(':');
      return `export const value = ${builtin(name)}.${key};`;
    },
  };
}

function moduleText(name: string): string {
  const exports = Object.entries(Object.getOwnPropertyDescriptors(require(`node:${name}`) as object));
  const named = exports.filter(([key]) => key !== 'default' && /^[A-Za-z_$][\w$]*$/.test(key));
  return [
    COSTLY.includes(name)
      ? `let loaded; const builtin = () => (loaded ??= ${builtin(name)});`
      : `const loaded = ${builtin(name)}; const builtin = () => loaded; const valueOf = (key) => loaded[key];`,
    'export default /* @__PURE__ */ builtin();',
    ...named.map(([key, descriptor], index) => exportText(name, key, `e${index}`, descriptor)),
  ].join('\n');
}

function exportText(name: string, key: string, local: string, descriptor: PropertyDescriptor): string {
  const costly = COSTLY.includes(name);
  const value: unknown = descriptor.value;
  if (!('value' in descriptor) || (costly && !isPlainFunction(key, value)))
    return `export { value as ${key} } from '${VALUE}${name}:${key}';`;
  const text = costly ? `(...args) => builtin().${key}(...args)` : `/* @__PURE__ */ valueOf('${key}')`;
  return `const ${local} = ${text}; export { ${local} as ${key} };`;
}

/** A function that is only ever called: no class, and without properties of its own, such as what promisify() looks for. */
function isPlainFunction(key: string, value: unknown): boolean {
  if (typeof value !== 'function' || !/^[a-z]/.test(key)) return false;
  return Reflect.ownKeys(value).every((own) => own === 'length' || own === 'name' || own === 'prototype');
}

function builtin(name: string): string {
  return `process.getBuiltinModule('node:${name}')`;
}
