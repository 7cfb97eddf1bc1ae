/** The S3 handler in Express. */
import express, { type Express } from 'express';
import { toNodeListener } from 'steadyreel/server';
import { createS3Handler, type S3HandlerOptions } from 'steadyreel/server/s3';

/** Whose request it is, by your session or token; `undefined` when nobody is logged in. */
type UserOf = (request: Request) => Promise<{ id: string } | undefined>;

/** `store` says where the bucket is, and comes from your environment: endpoint, region, bucket, credentials. */
export const createApp = (store: S3HandlerOptions, userOf: UserOf): Express => {
  const storage = createS3Handler({
    ...store,
    authorize: async request => {
      const user = await userOf(request);
      return user ? { prefix: `users/${user.id}` } : false;
    },
  });
  const app = express();
  // Before any body parser: the handler reads bodies itself, within its limits.
  app.use('/storage', toNodeListener(storage));
  app.use(express.json());
  return app;
};
