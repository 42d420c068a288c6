import { TalosPatches } from '#core/model/talos-patch.ts'
import { checkPatchDocument } from '#core/talos/merge/check-patch-document.ts'

/**
 * What the API pays for the patches of one document, in a process that has done nothing yet: 32 of them, of all the room
 * that settings have. Prints milliseconds of CPU of this thread; `tools/bench-talos.ts` runs it a few times.
 */
const PATCHES = 32

const entries = (count: number): Record<string, string> =>
  Object.fromEntries(Array.from({ length: count }, (_, at) => [`example.com/key-${at}`, `value-${at}-of-some-length`]))

const onePatch = (index: number) => ({
  machine: {
    nodeLabels: entries(6),
    sysctls: entries(6),
    kubelet: {
      extraArgs: entries(3),
      extraMounts: ['a', 'b', 'c'].map((name) => ({
        destination: `/var/${name}`,
        source: `/var/${name}`,
        type: 'bind',
        options: ['rw', 'rshared'],
      })),
    },
    files: [0, 1].map((at) => ({
      path: `/var/etc/${index}-${at}`,
      permissions: 420,
      op: 'create',
      content: 'x'.repeat(60),
    })),
  },
})

const text = JSON.stringify(Array.from({ length: PATCHES }, (_, index) => onePatch(index)))
const begin = process.threadCpuUsage()
const faults = TalosPatches.parse(JSON.parse(text)).flatMap((patch) => checkPatchDocument(patch))
const { user, system } = process.threadCpuUsage(begin)
if (faults.length > 0) throw new Error('a patch of the bench is refused')
process.stdout.write(`${text.length} ${((user + system) / 1000).toFixed(1)}\n`)
