/** TCP ports. */
import { createServer } from 'node:net';

/**
 * Listens once on a port. 0 takes any that is free.
 *
 * @param {number} port
 * @returns {Promise<number | undefined>} The port, or undefined when it is taken.
 */
const tryPort = port =>
  new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', error => {
      const { code } = /** @type {NodeJS.ErrnoException} */ (error);
      if (code === 'EADDRINUSE' || code === 'EACCES') resolve(undefined);
      else reject(error);
    });
    server.listen(port, () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : undefined));
    });
  });

/**
 * `preferred` when it is free, else any free port.
 *
 * @param {number} [preferred]
 * @returns {Promise<number>}
 */
export const freePort = async (preferred = 0) => {
  const port = (await tryPort(preferred)) ?? (await tryPort(0));
  if (port === undefined) throw new Error('No free TCP port was found.');
  return port;
};
