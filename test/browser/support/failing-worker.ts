/** The recorder's worker, with encoders that fail. */
import './failing-encoders.ts';
import '../../../src/worker/worker.ts';
