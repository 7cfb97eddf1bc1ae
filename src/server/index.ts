/**
 * `steadyreel/server`: the storage that `tus()` uploads to, as a handler of web requests and as a server for
 * Node.
 */
export type { Access, Authorize, Permission } from './access.ts';
export type { CommonHandlerOptions } from './common-options.ts';
export { ListenError } from './errors.ts';
export type { StorageHandler } from './frame.ts';
export { createStorageHandler } from './handler.ts';
export { type NodeListener, toNodeListener } from './node.ts';
export type { StorageHandlerOptions } from './options.ts';
export type { AllowedOrigins } from './origin.ts';
export type { Action } from './route.ts';
export { StoreFailedError, StoreRefusedError } from './s3/errors.ts';
export { createS3Handler } from './s3/handler.ts';
export type { S3Credentials, S3HandlerOptions } from './s3/options.ts';
export { type ServeOptions, type StorageServer, serve } from './serve.ts';
export { createStaticHandler } from './static.ts';
export * from './webhooks/exports.ts';
