/** Takes the place of `parts.ts` in the worker of the script-tag build, which records to S3, tus and this device all by itself. */
import { memoryStores } from '../journal/memory-store.ts';
import { load } from '../load.ts';
import { ConstantRate } from '../source/constant-rate.ts';
import type * as parts from './parts.ts';
import { recoverAll } from './recover-all.ts';
import { createS3Sink } from './s3.ts';

export const extrasPart: typeof parts.extrasPart = url => load(url);
export const ratePart: typeof parts.ratePart = async () => ({ ConstantRate });
export const memoryPart: typeof parts.memoryPart = async () => ({ memoryStores });
export const s3Part: typeof parts.s3Part = async () => ({ createS3Sink });
export const recoveryPart: typeof parts.recoveryPart = async () => ({ recoverAll });
