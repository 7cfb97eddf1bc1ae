/**
 * steadyreel: records a live `MediaStream` in the browser into MP4 files that each keep one set of track
 * parameters, and stores them while it records.
 *
 * @packageDocumentation
 */

export {
  AutoRecorder,
  type AutoRecorderEvents,
  type AutoRecorderOptions,
  type AutoRecorderState,
} from './auto-recorder.ts';
export type { CallPart, GivenCall } from './call.ts';
export type { RingState } from './clip/protocol.ts';
export type { ClipOptions, StartOptions } from './clip-options.ts';
export {
  BrowserUnsupportedError,
  CodecUnsupportedError,
  DeviceStorageError,
  DeviceStorageFullError,
  EncoderFailedError,
  InternalError,
  ManifestInvalidError,
  MuxFailedError,
  OptionInvalidError,
  OptionUnknownError,
  OverlayFailedError,
  PassthroughUnavailableError,
  RecordingAbortedError,
  RecordingElsewhereError,
  RecordingEmptyError,
  RecordingTooShortError,
  RecoveryIncompleteError,
  SourceEndedError,
  SourceInvalidError,
  SourceNoTracksError,
  StateInvalidError,
  SteadyreelError,
  StorageCallbackError,
  StorageError,
  StorageFullError,
  StorageNotFoundError,
  StorageRejectedError,
  StorageUnauthorizedError,
  StorageUnreachableError,
  TransformTakenError,
  WorkerFailedError,
} from './errors.ts';
export type { RecorderEvents, RecorderState, RecorderStats, WarningCode } from './events.ts';
export type { Source } from './make-source.ts';
export type {
  AudioParameters,
  ColorSpace,
  CutEvent,
  CutReason,
  FileAudio,
  FileVideo,
  GapEvent,
  LossEvent,
  ManifestEvent,
  NoticeEvent,
  OverlaysEvent,
  PixelFormatEvent,
  RecordedFile,
  Recording,
  RecordingState,
  RecordingThumbnails,
  Rotation,
  Thumbnail,
  ThumbnailSprite,
  TrackParameters,
  VideoParameters,
} from './manifest.ts';
export { checkManifest } from './manifest.ts';
export type {
  AudioCodecChoice,
  AudioOptions,
  CutOptions,
  DvrOptions,
  FixedSize,
  PassthroughOptions,
  RecorderOptions,
  ThumbnailOptions,
  VideoCodecChoice,
  VideoOptions,
} from './options.ts';
export type {
  ClockOverlay,
  HtmlOverlay,
  ImageOverlay,
  Overlay,
  OverlayAnchor,
  OverlayBase,
  OverlayChange,
  OverlayFit,
  OverlayTextStyle,
  StreamOverlay,
  TextOverlay,
} from './overlay.ts';
export type { Overlays } from './overlay-control.ts';
export { Recorder } from './recorder.ts';
export {
  type RecoverOptions,
  type RecoveryProgress,
  recover,
  type UnfinishedRecording,
  unfinishedRecordings,
} from './recover.ts';
export { type CustomChunk, type CustomOptions, custom } from './storage/custom/custom.ts';
export { device } from './storage/device/device.ts';
export { type DirectoryOptions, directory } from './storage/directory/directory.ts';
export { listRecordings } from './storage/list.ts';
export { type S3Options, s3 } from './storage/s3/s3.ts';
export type {
  CustomConfig,
  DeviceConfig,
  DirectoryConfig,
  HeadersOption,
  PageCall,
  S3Config,
  Storage,
  StorageConfig,
  TusConfig,
} from './storage/storage.ts';
export { type TusOptions, tus } from './storage/tus/tus.ts';
export { FrameFeed, type FrameFeedOptions } from './tap/frame-feed.ts';
export { type TapConnectionOptions, tap, tapEvery } from './tap/tap-connection.ts';
