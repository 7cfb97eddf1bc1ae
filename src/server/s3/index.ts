/**
 * `steadyreel/server/s3`: the handler that `s3()` uploads through. It uses Fetch and Web Crypto only, so it runs in
 * Node, Deno, Bun and at the edge.
 */
export type { Access, Authorize, Permission } from '../access.ts';
export type { CommonHandlerOptions } from '../common-options.ts';
export type { StorageHandler } from '../frame.ts';
export type { AllowedOrigins } from '../origin.ts';
export type { Action } from '../route.ts';
export * from '../webhooks/exports.ts';
export { StoreFailedError, StoreRefusedError } from './errors.ts';
export { createS3Handler } from './handler.ts';
export type { S3Credentials, S3HandlerOptions } from './options.ts';
