import type { JournalledOperation } from '../journal/journal.ts'

/**
 * What may run at the same time (rule O16). An operation begins when every place it needs is free; one that has to wait
 * does not hold up those behind it that need other places.
 */

/** Two downloads fill a home's line, and write to the same spindles. */
const IMAGES_PER_STORAGE = 2
/**
 * Two of them write their disks (the handler holds that); the others check addresses before and grow disks after, which
 * takes about twice as long as a small image. Below PER_HOST, so that machines are started while others are made.
 */
const CREATES_PER_STORAGE = 6
/** Two operations on one machine would look at each other's half-done work. */
const PER_MACHINE = 1
/** Keeps one host's API worker pool (3 processes by default) answering others as well. */
const PER_HOST = 8
/** Everything together: a bound on sockets and memory of this process. */
const IN_ALL = 32

/** The places an operation takes, each with its bound. */
export function placesOf(
  operation: JournalledOperation,
): readonly { readonly place: string; readonly limit: number }[] {
  const all = { place: 'all', limit: IN_ALL }
  switch (operation.kind) {
    case 'image.ensure': {
      const { host, imageStorage } = operation.input
      return [all, onHost(host), { place: `images ${host}/${imageStorage}`, limit: IMAGES_PER_STORAGE }]
    }
    case 'machine.create': {
      const { host, hardware, machineId } = operation.input
      const storages = [...new Set(hardware.disks.map((disk) => disk.storage))]
      return [all, onHost(host), ...storages.map((storage) => makingOn(host, storage)), onMachine(machineId)]
    }
    case 'machine.start':
    case 'machine.resize':
    case 'machine.remove':
      return [all, onHost(operation.input.host), onMachine(operation.input.machineId)]
    case 'machine.configure':
    case 'etcd.bootstrap':
      return [all, onMachine(operation.input.machineId)]
    case 'secrets.create':
    case 'cluster.check':
      return [all, { place: `${operation.kind} ${operation.clusterUid}`, limit: 1 }]
  }
}

const onHost = (host: string) => ({ place: `host ${host}`, limit: PER_HOST })
const makingOn = (host: string, storage: string) => ({
  place: `creations ${host}/${storage}`,
  limit: CREATES_PER_STORAGE,
})
const onMachine = (machineId: string) => ({ place: `machine ${machineId}`, limit: PER_MACHINE })

export interface Slots {
  /** True when the operation got every place it needs. */
  take(operation: JournalledOperation): boolean
  free(operation: JournalledOperation): void
}

export function createSlots(): Slots {
  const taken = new Map<string, number>()
  const countOf = (place: string): number => taken.get(place) ?? 0
  return {
    take(operation) {
      const places = placesOf(operation)
      if (places.some(({ place, limit }) => countOf(place) >= limit)) return false
      for (const { place } of places) taken.set(place, countOf(place) + 1)
      return true
    },
    free(operation) {
      for (const { place } of placesOf(operation)) {
        if (countOf(place) <= 1) taken.delete(place)
        else taken.set(place, countOf(place) - 1)
      }
    },
  }
}
