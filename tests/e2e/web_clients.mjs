// Serves a page with the WHIP and WHEP clients that others made for browsers, from an origin of its own.

import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire, isBuiltin } from 'node:module';

const require = createRequire(import.meta.url);

/** Left out: advertisements between broadcasts, whose modules are for Node. */
const without = '@eyevinn/csai-manager';

/**
 * CommonJS packages as one script, which puts them into `packages`: what a bundler makes of them.
 * @param {string[]} names
 */
function bundle(names) {
  /** @type {Map<string, string>} */
  const modules = new Map(); // by their files
  const add = (/** @type {string} */ file) => {
    if (modules.has(file)) return;
    const source = readFileSync(file, 'utf8');
    /** @type {Record<string, string>} */
    const required = {};
    for (const [, name] of source.matchAll(/\brequire\(["']([^"']+)["']\)/g)) {
      // A package that is named as a module of Node's own is found with a slash.
      if (name !== without) required[name] = createRequire(file).resolve(isBuiltin(name) ? `${name}/` : name);
    }
    const run = `function (module, exports, require) {${source}\n}`;
    modules.set(file, `${JSON.stringify(file)}: [${JSON.stringify(required)}, ${run}]`);
    for (const each of Object.values(required)) add(each);
  };
  const files = Object.fromEntries(names.map((name) => [name, require.resolve(name)]));
  for (const file of Object.values(files)) add(file);
  return `{
    const modules = {${[...modules.values()].join(',\n')}};
    const loaded = {};
    const load = (file) => {
      if (!file) return {};
      if (!loaded[file]) {
        const [required, run] = modules[file];
        const module = (loaded[file] = { exports: {} });
        run(module, module.exports, (name) => load(required[name]));
      }
      return loaded[file].exports;
    };
    window.packages = {};
    for (const [name, file] of Object.entries(${JSON.stringify(files)})) window.packages[name] = load(file);
  }`;
}

const page = `<!doctype html>
<video autoplay></video>
<script src="/eyevinn.js"></script>
<script type="module">
  import { WHEPClient } from '/whep.js';
  import { WHIPClient } from '/whip.js';
  window.packages['whip-whep'] = { WHEPClient, WHIPClient };
</script>`;

/** @type {Record<string, (() => string) | undefined>} */
const contents = {
  '/': () => page,
  '/eyevinn.js': () => bundle(['@eyevinn/webrtc-player', '@eyevinn/whip-web-client']),
  '/whep.js': () => readFileSync(require.resolve('whip-whep/whep.js'), 'utf8'),
  '/whip.js': () => readFileSync(require.resolve('whip-whep/whip.js'), 'utf8'),
};

/** Starts to serve the page; gives its origin, and what ends it. */
export async function serveWebClients() {
  const server = createServer((request, response) => {
    const path = request.url ?? '';
    const content = contents[path];
    const type = path === '/' ? 'text/html' : 'text/javascript';
    response.writeHead(content ? 200 : 404, { 'Content-Type': `${type}; charset=utf-8` });
    response.end(content?.());
  });
  server.listen(0, 'localhost');
  await once(server, 'listening');
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  return {
    origin: `http://localhost:${port}`,
    stop: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

/**
 * Records the requests of a page from now on with their answers, each as `POST 201`.
 * @param {import('./support.mjs').Page} opened
 */
export function recordAnswers(opened) {
  /** @type {string[]} */
  const answers = [];
  opened.page.on('response', (response) => {
    const method = response.request().method();
    if (method !== 'GET') answers.push(`${method} ${response.status()}`);
  });
  return answers;
}
