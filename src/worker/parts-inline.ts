/** Takes the place of `parts.ts` in the worker of the script-tag build: nothing is loaded. */
import type * as parts from './parts.ts';
import { recoverAll } from './recover-all.ts';
import { createS3Sink } from './s3.ts';

export const s3Part: typeof parts.s3Part = async () => ({ createS3Sink });
export const recoveryPart: typeof parts.recoveryPart = async () => ({ recoverAll });
