#!/usr/bin/env node
import { EXIT } from './exit-codes.ts'
import { processIo } from './io.ts'
import { runProgram } from './program.ts'

/**
 * `lanline`: one process, one command. The first Ctrl-C asks the command to stop and say so, the second ends the
 * process; a reader that went away (`lanline get … | head`) is not a failure.
 */
const stop = new AbortController()
process.on('SIGINT', () => {
  if (stop.signal.aborted) process.exit(EXIT.cancelled)
  stop.abort()
})
process.on('SIGTERM', () => stop.abort())
for (const stream of [process.stdout, process.stderr])
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(EXIT.ok)
    throw error
  })

process.exitCode = await runProgram(process.argv.slice(2), processIo(stop.signal))
