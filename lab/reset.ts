import { type Socket } from 'node:net';

/**
 * Ends a connection at once, and the other side sees a reset. One whose end is being sent at this moment is closed
 * instead: it cannot be reset, and Node.js would leave its socket open for good.
 */
export function reset(socket: Socket): void {
  if (socket.writableEnded && !socket.writableFinished) socket.destroy();
  else socket.resetAndDestroy();
}
