import { readFileSync } from 'node:fs'
import { Secret } from '#core/base/secret.ts'
import { createClock } from '#agent/clock.ts'
import { createDialer } from '#agent/dialer.ts'
import { createProxmoxProvider } from '#agent/providers/proxmox/provider.ts'
import { aDiskShape, aHardware, aNicShape } from '#test/support/hardware.ts'
import { aCreation, startProxmoxSite } from '#test/support/proxmox-site.ts'
import { fastClock } from '#test/support/step-journal.ts'
import { toNewMachine } from '#agent/operations/new-machine.ts'
import { providerContract } from './provider.ts'

providerContract('the lab', async () => {
  const site = await startProxmoxSite()
  await site.bringImage()
  const machine = toNewMachine(aCreation())
  return { provider: site.provider, machine, clock: fastClock, close: () => site.close() }
})

/**
 * On real hardware, with a machine that is made and destroyed there:
 * LANLINE_PROXMOX='{"url":"https://192.168.1.10:8006","tokenId":"lanline@pve!agent","tokenSecretFile":"…","caFile":"…",
 * "pool":"lanline","host":"pve1","storage":"local-zfs","image":"local:import/….qcow2","bridge":"vmbr0","vmid":29999}'
 */
interface RealSite {
  readonly url: string
  readonly tokenId: string
  readonly tokenSecretFile: string
  readonly caFile: string
  readonly pool: string
  readonly host: string
  readonly storage: string
  readonly image: string
  readonly bridge: string
  readonly vmid: number
}

const given = process.env['LANLINE_PROXMOX']
if (given === undefined) {
  process.stdout.write('contract: LANLINE_PROXMOX is not set; the provider contract did not run on real hardware\n')
} else {
  const real = JSON.parse(given) as RealSite
  providerContract(real.url, () => {
    const clock = createClock()
    const provider = createProxmoxProvider({
      endpoints: [real.url],
      tokenId: real.tokenId,
      tokenSecret: new Secret(readFileSync(real.tokenSecretFile, 'utf8').trim()),
      caPem: readFileSync(real.caFile, 'utf8'),
      pool: real.pool,
      clock,
      dialer: createDialer(),
    })
    const { host, image, vmid } = real
    const disks = [aDiskShape({ storage: real.storage })]
    const nics = [aNicShape({ bridge: real.bridge })]
    const hardware = aHardware({ cpu: 2, memoryMiB: 2048, disks, nics })
    const boot = { by: 'image', volumeId: image } as const
    const machine = { ...toNewMachine(aCreation({ hardware, host, vmid })), boot }
    return Promise.resolve({ provider, machine, clock, close: () => provider.close() })
  })
}
