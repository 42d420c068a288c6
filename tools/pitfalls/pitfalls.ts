/**
 * What goes wrong between Talos and Proxmox, learnt from the projects that were there before. Each one that applies is
 * held by a test whose title begins with its number, `[pitfall 14]`. Source: facts proxmox.md §5, in words of our own.
 */
export interface Pitfall {
  readonly number: number
  readonly about: string
  /** Why there is nothing of ours that it could befall. */
  readonly notApplicable?: string
  /** It applies, and what is missing. */
  readonly open?: string
}

const ABOUT: readonly string[] = [
  'two callers get the same VMID',
  'a second download refuses to replace the first',
  'an image in a compression that hosts cannot undo',
  'a storage without the content type import',
  'a disk image that was stored as an ISO',
  'uploads without a length, or with fields in the wrong order',
  'uploads that fill the root file system of a host',
  'cloud-init snippets that no API can bring',
  'a separated token without rights of its own',
  'settings that only root may make',
  'a bridge without SDN.Use',
  'a privilege that another release does not know',
  'enrolled keys that refuse to boot Talos',
  'the default CPU type',
  'ballooning',
  'a disk controller on which the disk is not found',
  'a guest agent that never answers',
  'the wrong one of a guest’s addresses',
  'user-data that is no machine configuration',
  'IPv6 by router or DHCP in network-config',
  'a NIC that nobody declared',
  'the installer of another platform',
  'a hostname that only the platform knows',
  'the lock of a guest’s configuration',
  'the lock of a storage',
  'a relay that gives up on work that goes on',
  'a task that ended well and did not do it',
  'warnings taken for errors',
  'status 500 for what will never work',
  'a guest that moved to another host',
  'statistics that are older than the guest',
  'a change of a NIC without its MAC',
  'the CD before the disk in the boot order',
  'the older form of the boot order',
  'a cloud-init drive that was not asked for',
  'a local CD in the way of a migration',
  'disks and CDs that outlive their guest',
  'protection, HA and power in the way of a deletion',
  'a lock that only root can remove',
  'UDP tunnel offload',
  'address filters that drop the shared address',
  'a pinned leaf that is renewed',
  'tags with the creation',
  'slow disks under etcd',
  'two members of etcd on one host',
  'a member of etcd rolled back to a snapshot',
  'a configured machine that was cloned',
  'groups of HA that became rules',
  'empty features of a container',
  'the environment of a container from a registry image',
  'somebody else’s staged network changes',
  'a relative resize that is repeated',
  'a connection that is closed when idle',
  'a disk that was not grown before the first boot',
  'a storage that hangs',
  'an address that only the configuration knows',
  'a configuration for a machine that is not ours',
  'a UUID with swapped bytes',
  'links by the names of the kernel',
  'a backup restored beside its original',
  'tasks that a new token does not see',
  'a host that stands alone',
]

const NOT_APPLICABLE: Readonly<Record<number, string>> = {
  49: 'no containers are made',
  50: 'no containers are made',
  58: 'only vSphere swaps them, and there is no provider for it',
}
const OPEN: Readonly<Record<number, string>> = {
  44: 'memory is never over-committed ([P5]), but how fast a disk syncs cannot be asked: no call of Proxmox measures it (pveperf is a command of the host), and the doctor only reads',
}

export const PITFALLS: readonly Pitfall[] = ABOUT.map((about, index) => {
  const number = index + 1
  const [notApplicable, open] = [NOT_APPLICABLE[number], OPEN[number]]
  return { number, about, ...(notApplicable ? { notApplicable } : {}), ...(open ? { open } : {}) }
})

/** The first argument of `test(` or of what `test.each(…)` gave, when it names a pitfall. */
const TITLE = /(?:\btest|\))\(\s*['`]((?:\[[^\]]+\] ?)*\[pitfall \d+\][^\n]*?)['`],/g

/** Titles of tests by the number that they name. */
export function titlesByPitfall(sources: readonly string[]): ReadonlyMap<number, readonly string[]> {
  const titles = new Map<number, string[]>()
  for (const source of sources)
    for (const [, title = ''] of source.matchAll(TITLE))
      for (const [, number] of title.matchAll(/\[pitfall (\d+)\]/g))
        titles.set(Number(number), [...(titles.get(Number(number)) ?? []), title])
  return titles
}
