import { setTimeout as wait } from 'node:timers/promises'
import { dataFolder } from '../config/paths.ts'
import type { Io } from '../io.ts'
import type { LoginDeps } from './identity.ts'

/** What a login touches, on this machine: the data folder, the clock, the network. */
export const loginDeps = (io: Pick<Io, 'env' | 'now' | 'signal'>): LoginDeps => ({
  folder: dataFolder(io.env),
  now: io.now,
  sleep: (ms) => wait(ms, undefined, { signal: io.signal }),
  fetch,
})
