/** What was measured, as data and as text. Pure. */
import { round, table } from '../lib/numbers.mjs';

/**
 * @typedef {import('./messages.ts').Settings} Settings
 * @typedef {import('./messages.ts').RecorderResult} RecorderResult
 * @typedef {import('./messages.ts').HandlerTotals & { cpu: number, memory: number }} HandlerSample
 * @typedef {{
 *   recording: number, recorded: number, stored: number, parts: number, partBytes: number, backlog: number, cpu: number,
 * }} RecordersSample
 * @typedef {{ at: number, handler: HandlerSample, recorders: RecordersSample, busy: number, own: number }} Sample
 * @typedef {{
 *   machine: Record<string, string | number>, settings: Settings, idleMemory: number, samples: Sample[],
 *   durations: import('./messages.ts').Durations, results: RecorderResult[],
 *   checked: { files: number, complete: number, compared: number, same: number },
 * }} Measured
 */

const MIB = 1024 ** 2;

/** @param {number} bytes */
const mib = bytes => `${round(bytes / MIB)} MiB`;

/** @param {readonly number[]} values @param {number} share */
const percentile = (values, share) => {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
};

/**
 * The most that came in a second, of a number that only grows: over the shortest time of a second or more.
 *
 * @param {Sample[]} samples
 * @param {(sample: Sample) => number} of
 */
const peak = (samples, of) =>
  samples.reduce((most, sample) => {
    const before = samples.findLast(({ at }) => at <= sample.at - 0.95);
    return before ? Math.max(most, (of(sample) - of(before)) / (sample.at - before.at)) : most;
  }, 0);

/** @param {Sample[]} samples @param {(sample: Sample) => Record<string, number>} of */
const rates = (samples, of) => {
  const last = samples.at(-1);
  if (!last) return [];
  return Object.entries(of(last)).map(([kind, count]) => ({
    kind,
    count,
    perSecond: round(count / last.at, 2),
    peakPerSecond: round(peak(samples, sample => of(sample)[kind] ?? 0)),
  }));
};

/** @param {Measured} measured */
const summarize = ({ machine, settings, idleMemory, samples, durations, results, checked }) => {
  const bytesPerSecond = settings.bitrate / 8;
  const last = /** @type {Sample} */ (samples.at(-1));
  const first = /** @type {Sample} */ (samples[0]);
  const worst = Math.max(...results.map(one => one.maxBacklog));
  const media = results.reduce((sum, one) => sum + one.bytes, 0);
  const store = rates(samples, sample => ({ ...sample.handler.toStore, UploadPart: sample.recorders.parts }));
  return {
    machine,
    settings,
    seconds: round(last.at),
    handler: {
      cpuSeconds: round(last.handler.cpu, 2),
      cpuPercent: round((100 * last.handler.cpu) / last.at),
      peakCpuPercent: round(100 * peak(samples, sample => sample.handler.cpu)),
      memoryIdle: idleMemory,
      memoryPeak: Math.max(...samples.map(sample => sample.handler.memory)),
      requests: rates(samples, sample => sample.handler.requests).map(rate => ({
        ...rate,
        milliseconds: {
          median: round(percentile(durations[rate.kind] ?? [], 0.5)),
          p95: round(percentile(durations[rate.kind] ?? [], 0.95)),
          most: round(Math.max(0, ...(durations[rate.kind] ?? []))),
        },
      })),
      bytesReceived: last.handler.received,
      bytesSent: last.handler.sent,
    },
    store: { requests: store, partBytes: last.recorders.partBytes },
    uploads: {
      mediaBytes: media,
      maxBacklogBytes: worst,
      maxBacklogSeconds: round(worst / bytesPerSecond),
      maxBehindPartSeconds: round(Math.max(0, worst - settings.partBytes) / bytesPerSecond),
      medianMaxBacklogSeconds: round(
        percentile(
          results.map(one => one.maxBacklog),
          0.5,
        ) / bytesPerSecond,
      ),
      maxSecondsToFinish: round(Math.max(...results.map(one => one.toFinish))),
      medianSecondsToFinish: round(
        percentile(
          results.map(one => one.toFinish),
          0.5,
        ),
      ),
      requestsTriedAgain: results.reduce((sum, one) => sum + one.troubles.length, 0),
      troubles: [...new Set(results.flatMap(one => one.troubles))],
    },
    othersPercent: round((100 * (last.busy - first.busy - (last.own - first.own))) / (last.at - first.at)),
    ownPercent: round((100 * (last.own - first.own)) / (last.at - first.at)),
    machineBusyPercent: round(
      (100 * (last.busy - first.busy)) / (last.at - first.at) / Number(machine.processors),
    ),
    recordersCpuPercent: round((100 * (last.recorders.cpu - first.recorders.cpu)) / (last.at - first.at)),
    checked,
    overTime: samples.map((sample, index) => {
      const before = samples[Math.max(0, index - 1)] ?? sample;
      const took = Math.max(0.001, sample.at - before.at);
      return {
        at: round(sample.at),
        handlerCpuPercent: round((100 * (sample.handler.cpu - before.handler.cpu)) / took),
        handlerMemory: sample.handler.memory,
        handlerReceived: sample.handler.received,
        recordedBytes: sample.recorders.recorded,
        storedBytes: sample.recorders.stored,
        largestBacklog: sample.recorders.backlog,
        recording: sample.recorders.recording,
      };
    }),
  };
};

/** @param {Measured} measured */
export const report = measured => {
  const data = summarize(measured);
  const { machine, settings, handler, store, uploads, checked, overTime } = data;
  const every = Math.max(1, Math.ceil(overTime.length / 10));
  const parts = [
    `${settings.recorders} recorders at ${round(settings.bitrate / 1e6, 2)} Mbit/s for ${settings.seconds} s, parts of ${mib(settings.partBytes)}, starts spread over ${settings.spread} s.`,
    `${machine.processors} × ${machine.processor}, ${round(Number(machine.memory) / 1024 ** 3)} GiB, Linux ${machine.linux}, Node ${machine.node}; load before ${round(Number(machine.loadBefore))}. The whole machine was ${data.machineBusyPercent} % busy: all of this benchmark took ${data.ownPercent} % of a processor (the recorders ${data.recordersCpuPercent} %), what else ran there ${data.othersPercent} %.`,
    table([
      ['Handler', ''],
      [
        'processor, on average',
        `${handler.cpuPercent} % of one (${handler.cpuSeconds} s in ${data.seconds} s)`,
      ],
      ['processor, busiest second', `${handler.peakCpuPercent} %`],
      ['memory, idle / peak', `${mib(handler.memoryIdle)} / ${mib(handler.memoryPeak)}`],
      ['bytes received from recorders', `${handler.bytesReceived} (${mib(handler.bytesReceived)})`],
      ['bytes of media stored', `${uploads.mediaBytes} (${mib(uploads.mediaBytes)})`],
      ['received / stored', `${round((100 * handler.bytesReceived) / uploads.mediaBytes, 3)} %`],
    ]),
    table([
      ['Requests at the handler', 'count', 'a second', 'busiest second', 'median ms', '95 % ms', 'most ms'],
      ...handler.requests.map(({ kind, count, perSecond, peakPerSecond, milliseconds }) => [
        ...[kind, count, perSecond, peakPerSecond, milliseconds.median, milliseconds.p95, milliseconds.most],
      ]),
    ]),
    table([
      ['Requests at the store', 'count', 'a second', 'busiest second'],
      ...store.requests.map(({ kind, count, perSecond, peakPerSecond }) => [
        ...[kind, count, perSecond, peakPerSecond],
      ]),
    ]),
    table([
      ['Uploads', ''],
      ['largest backlog', `${mib(uploads.maxBacklogBytes)}, ${uploads.maxBacklogSeconds} s`],
      ['of that more than a part', `${uploads.maxBehindPartSeconds} s`],
      ['median of the largest backlogs', `${uploads.medianMaxBacklogSeconds} s`],
      [
        'end of a recording to its end in the store',
        `median ${uploads.medianSecondsToFinish} s, most ${uploads.maxSecondsToFinish} s`,
      ],
      ['requests tried again', [uploads.requestsTriedAgain, ...uploads.troubles].join('; ')],
      ['files complete', `${checked.complete} of ${checked.files}`],
      ['SHA-256 compared and equal', `${checked.same} of ${checked.compared}`],
    ]),
    table([
      ['Time', 'handler CPU', 'handler memory', 'received in all', 'recorded', 'stored', 'largest backlog'],
      ...overTime
        .filter((_, index) => index % every === 0 || index === overTime.length - 1)
        .map(one => [
          `${one.at} s`,
          `${one.handlerCpuPercent} %`,
          mib(one.handlerMemory),
          `${round(one.handlerReceived / 1024)} KiB`,
          ...[mib(one.recordedBytes), mib(one.storedBytes), mib(one.largestBacklog)],
        ]),
    ]),
  ];
  return { data, markdown: `${parts.join('\n\n')}\n` };
};
