/** RecordRTC comes without types: what of it is used here. */
declare module 'recordrtc' {
  export default class RecordRTC {
    constructor(stream: MediaStream, options: Record<string, unknown>);
    startRecording(): void;
    stopRecording(done: () => void): void;
    getState(): string;
    getBlob(): Blob;
  }
}
