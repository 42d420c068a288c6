import { expect, test } from 'vitest'
import { DatabaseSync } from 'node:sqlite'
import { join } from 'node:path'
import { JOURNAL_FILE } from '#agent/journal/open-journal.ts'
import { aCreation, aRemoval } from '#test/support/proxmox-site.ts'
import { aResize } from '#test/support/resizing.ts'
import type { AcceptedOffer } from '#agent/journal/journal.ts'
import { aJournal, anOffer, aStateDir } from './journal-at.ts'

/** As what a machine was made is learned with the success that made it so. */
const { machineId } = aCreation()
const creation = { kind: 'machine.create', input: aCreation() } as const
const change = (memoryMiB: number) => ({ kind: 'machine.resize', input: aResize({ memoryMiB }) }) as const

function aLife(dir = aStateDir()) {
  const journal = aJournal(dir)
  let number = 0
  const end = (offer: Pick<AcceptedOffer, 'kind' | 'input'>, outcome: 'succeeded' | 'cancelled' = 'succeeded') => {
    number += 1
    journal.operations.accept(anOffer(number, offer))
    const output =
      offer.kind === 'machine.create'
        ? { vmid: 2001 }
        : offer.kind === 'machine.remove'
          ? { leftovers: [] }
          : { restarted: true }
    journal.operations.finish(anOffer(number).operationId, outcome === 'succeeded' ? { outcome, output } : { outcome })
  }
  return { journal, end, memoryMiB: () => journal.made.find(machineId)?.hardware.memoryMiB }
}

test('[P21] a machine is what it was made, then what it was changed to, and nothing once it is removed', () => {
  const { end, memoryMiB, journal } = aLife()
  expect(memoryMiB()).toBeUndefined()
  end(creation)
  expect(journal.made.find(machineId)).toMatchObject({ name: 'home-cp-1', vmid: 2001, mac: '02:54:41:00:00:01' })
  end(change(16_384), 'cancelled')
  expect(memoryMiB()).toBe(8192)
  end(change(16_384))
  expect(memoryMiB()).toBe(16_384)
  end({ kind: 'machine.remove', input: aRemoval() })
  expect(memoryMiB()).toBeUndefined()
})

test('[P21] it outlives the process; what an agent wrote who knew other hardware counts as nothing', () => {
  const dir = aStateDir()
  const { end, journal } = aLife(dir)
  end(creation)
  journal.close()
  const again = aJournal(dir)
  expect(again.made.find(machineId)?.hardware).toEqual(aCreation().hardware)
  again.close()
  const file = new DatabaseSync(join(dir, JOURNAL_FILE))
  file.exec(`UPDATE made_machines SET made = '{"machineId":"${machineId}","hardware":{}}'`)
  file.close()
  const other = aJournal(dir)
  expect(other.made.find(machineId)).toBeUndefined()
  other.close()
})
