/**
 * The S3 handler in Hono: in Node, Deno, Bun, or at the edge. No byte of a file passes through it, and it keeps no
 * state, so any number of copies may run.
 */
import { Hono } from 'hono';
import { createS3Handler, type S3HandlerOptions } from 'steadyreel/server/s3';

/** Whose request it is, by your session or token; `undefined` when nobody is logged in. */
type UserOf = (request: Request) => Promise<{ id: string } | undefined>;

/** `store` says where the bucket is, and comes from your environment: endpoint, region, bucket, credentials. */
export const createApp = (store: S3HandlerOptions, userOf: UserOf): Hono => {
  const storage = createS3Handler({
    ...store,
    authorize: async request => {
      const user = await userOf(request);
      return user ? { prefix: `users/${user.id}` } : false;
    },
  });
  const app = new Hono();
  app.all('/storage/*', c => storage(c.req.raw));
  return app;
};
