import { createInterface } from 'node:readline/promises'

/** Asks on a terminal for the exact name. Anything else, and the end of the input, is a no. */
export async function confirmByName(
  question: string,
  name: string,
  terminal: { readonly input: NodeJS.ReadableStream; readonly output: NodeJS.WritableStream },
  signal: AbortSignal,
): Promise<boolean> {
  const lines = createInterface({ input: terminal.input, output: terminal.output })
  // A closed input leaves a question unanswered for ever; an abort answers it.
  const closed = new AbortController()
  lines.on('close', () => closed.abort())
  lines.on('SIGINT', () => closed.abort())
  try {
    const answer = await lines.question(question, { signal: AbortSignal.any([signal, closed.signal]) })
    return answer.trim() === name
  } catch (error) {
    if (error instanceof Error && error.name === 'AbortError') return false
    throw error
  } finally {
    lines.close()
  }
}
