/** 1005 and 1006 say that no code was received; they may not be sent. */
const UNSENDABLE: readonly number[] = [1005, 1006, 1015]

/** Completes the closing handshake; without this call the peer sees 1006. */
export function answerClose(socket: WebSocket, code: number): void {
  closeQuietly(socket, UNSENDABLE.includes(code) ? 1000 : code, '')
}

/** Closing a socket that is already closed is no news. */
export function closeQuietly(socket: WebSocket, code: number, reason: string): void {
  try {
    socket.close(code, reason)
  } catch {
    // Already closed by the other side.
  }
}

/** False when the socket is gone; its close event follows, and whatever was to be said is said after the next connect. */
export function sendQuietly(socket: WebSocket, text: string): boolean {
  try {
    socket.send(text)
    return true
  } catch {
    return false
  }
}
