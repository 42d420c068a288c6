import { expect, test } from 'vitest'
import { intentFor } from '#core/plan/intent.ts'
import { askedByName } from '#core/plan/documents.ts'
import { plan } from '#core/plan/plan.ts'
import { keyOf } from '#core/plan/wish.ts'
import { someDocuments } from '../../support/documents.ts'
import { aMachine, anOperation, aPlacement, aView } from '../../support/view.ts'

/** A machine whose host cannot import images, beside one whose host can. */
const byIso = aMachine('cp-1', { placement: aPlacement('cp-1', { host: 'old', boot: 'iso' }) })
const byImage = aMachine('cp-2')

test('[pitfall 4] the ISO is brought to the old host, the disk image to the other, and each machine boots by its own', () => {
  const view = aView({ machines: [byIso, byImage] })
  const images = plan(view).operations.filter(({ kind }) => kind === 'image.ensure')
  expect(images.map(({ subject, input }) => [subject, 'media' in input ? input.media : undefined])).toEqual([
    ['old/local', 'iso'],
    ['prod-srv-01/local', undefined],
  ])
  const ensured = images.map((image) =>
    anOperation('image.ensure', image.subject, {
      ...image,
      key: keyOf(image),
      state: 'succeeded',
      finishedAt: 1,
      result: { outcome: 'succeeded', output: { volumeId: 'x' } },
    }),
  )
  const made = plan(aView({ machines: [byIso, byImage], operations: ensured })).operations
  expect(made.flatMap(({ input }) => ('boot' in input ? [input.boot] : []))).toEqual([
    { by: 'iso', isoStorage: 'local' },
    { by: 'image', imageStorage: 'local' },
  ])
})

test('only a machine that installs itself is told the disk: its system disk, by serial', () => {
  const documents = someDocuments()
  const intents = [byIso, byImage].map((machine) =>
    intentFor(machine, askedByName(documents).get(machine.name)!, documents, '1.13'),
  )
  expect(intents.map(({ installDisk }) => installDisk)).toEqual(['talos-system', undefined])
})
