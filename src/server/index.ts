/**
 * `steadyreel/server`: the storage that `tus()` uploads to, as a handler of web requests and as a server for
 * Node.
 */
export { ListenError } from './errors.ts';
export { createStorageHandler, type StorageHandler } from './handler.ts';
export { type NodeListener, toNodeListener } from './node.ts';
export type { Access, Authorize, Permission, StorageHandlerOptions } from './options.ts';
export type { AllowedOrigins } from './origin.ts';
export type { Action } from './route.ts';
export { type ServeOptions, type StorageServer, serve } from './serve.ts';
export { createStaticHandler } from './static.ts';
