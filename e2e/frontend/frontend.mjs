// Builds the frontends and serves one of them, as Backstage's app backend does: the bundle, and a page that carries the configuration.
import { build } from 'esbuild';
import { once } from 'node:events';
import http from 'node:http';
import { fileURLToPath } from 'node:url';

const FOLDER = fileURLToPath(new URL('.', import.meta.url));

/** The bundle of a frontend, 'legacy' or 'new'. */
async function bundle(name) {
  const { outputFiles } = await build({
    entryPoints: [`${FOLDER}src/${name}.jsx`],
    outdir: FOLDER,
    write: false,
    bundle: true,
    minify: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    // the analytics module is linked, and takes Backstage's packages from here
    preserveSymlinks: true,
    define: { 'process.env.NODE_ENV': '"production"', 'process.env.APP_CONFIG': '[]', global: 'globalThis' },
    loader: { '.woff': 'dataurl', '.woff2': 'dataurl', '.ttf': 'dataurl', '.eot': 'dataurl', '.svg': 'dataurl', '.png': 'dataurl' },
    logLevel: 'error',
  });
  return outputFiles.find(({ path }) => path.endsWith('.js')).text;
}

const page = config => `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <title>Insights Relay's test portal</title>
    <link rel="icon" href="data:,">
    <script type="backstage.io/config">${JSON.stringify([{ context: 'app', data: config }])}</script>
    <script type="module" src="/bundle.js"></script>
  </head>
  <body><div id="root"></div></body>
</html>`;

export class Frontend {
  #server;

  constructor(server, url) {
    this.#server = server;
    this.url = url;
  }

  /**
   * @param name 'legacy' or 'new'
   * @param config app-config.yaml as the browser sees it; app.baseUrl is added
   */
  static async start({ name, port, config }) {
    const script = await bundle(name);
    const url = `http://127.0.0.1:${port}`;
    const html = page({ ...config, app: { title: 'test', baseUrl: url, ...config.app } });
    const server = http.createServer((request, response) => {
      const [type, body] = request.url === '/bundle.js' ? ['text/javascript', script] : ['text/html', html];
      response.writeHead(200, { 'content-type': `${type}; charset=utf-8`, 'cache-control': 'no-store' }).end(body);
    });
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    return new Frontend(server, url);
  }

  async stop() {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }
}
