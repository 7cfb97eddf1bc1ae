/** The storage server inside of `npm run dev`. */
import type { Connect, Plugin, ViteDevServer } from 'vite';

interface Options {
  /** Where recordings are stored. */
  dir: string;
  /** Folder with the script-tag build; `npm run build` makes it. */
  dist: string;
  /** The storage handler's source. */
  source: string;
}

const SCRIPT_TAG_FILES = /^\/(steadyreel\.iife|worker|tap|passthrough|thumbnails|aac-encoder)\.js(\?|$)/;

type ServerModule = typeof import('../../src/server/index.ts');

const mount = async (server: ViteDevServer, { dir, dist, source }: Options): Promise<void> => {
  const { createStorageHandler, createStaticHandler, toNodeListener } = (await server.ssrLoadModule(
    source,
  )) as ServerModule;
  const storage = toNodeListener(createStorageHandler({ dir }));
  const serve: Connect.NextHandleFunction = (request, response, next) => {
    const url = request.url ?? '/';
    if (/^\/storage([/?]|$)/.test(url)) return storage(request, response);
    if (SCRIPT_TAG_FILES.test(url)) return toNodeListener(createStaticHandler(dist))(request, response);
    next();
  };
  server.middlewares.use(serve);
};

/** Mounts the storage handler at /storage, and the built script-tag files where the built demo has them. */
export const storageServer = (options: Options): Plugin => ({
  name: 'steadyreel:storage-server',
  configureServer: server => mount(server, options),
});
