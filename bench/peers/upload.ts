/** What a page does with a recording that it holds when the recording is over: it uploads it, to the server that steadyreel uploads to. */

const TUS = { 'Tus-Resumable': '1.0.0' };

const accepted = async (response: Response): Promise<Response> => {
  if (!response.ok) throw new Error(`${response.status}: ${await response.text()}`);
  return response;
};

/** @returns its key. The server names all of them `.mp4`; ffmpeg looks at what is in it. */
export const upload = async (blob: Blob): Promise<string> => {
  const id = crypto.randomUUID();
  const metadata = { recording: id, filename: '0001.mp4', filetype: 'video/mp4' };
  const { headers } = await accepted(
    await fetch('/storage', {
      method: 'POST',
      headers: {
        ...TUS,
        'Upload-Length': String(blob.size),
        'Upload-Metadata': Object.entries(metadata)
          .map(([name, value]) => `${name} ${btoa(value)}`)
          .join(','),
      },
    }),
  );
  await accepted(
    await fetch(headers.get('Location') ?? '', {
      method: 'PATCH',
      headers: { ...TUS, 'Content-Type': 'application/offset+octet-stream', 'Upload-Offset': '0' },
      body: blob,
    }),
  );
  return `recordings/${id}/0001.mp4`;
};
