import type { GuestHardware } from '#lab/guest.ts'
import { Lan } from '#lab/lan/lan.ts'
import { talosGuests, type TalosGuests } from '#lab/talos/guest-runtime.ts'
import { TalosWorld } from '#lab/talos/world.ts'
import { labTime } from '#lab/time.ts'
import { Trace } from '#lab/trace.ts'

/** A LAN with Talos guests and no hypervisor: the test presses the power buttons itself. */
export interface Site {
  readonly lan: Lan
  readonly world: TalosWorld
  readonly guests: TalosGuests
  readonly trace: Trace
  close(): Promise<void>
}

export function newSite(rate = 500): Site {
  const lan = new Lan()
  const trace = new Trace()
  const world = new TalosWorld({
    lan,
    time: labTime(rate),
    trace,
    bindings: [{ group: 'test:readers', role: 'cluster-admin' }],
  })
  const guests = talosGuests(world)
  return { lan, world, guests, trace, close: () => guests.close() }
}

/** `cp-1` … with everything that follows from the number. */
export function aGuest(
  number: number,
  override: Partial<GuestHardware> = {},
): GuestHardware & { readonly address: string; readonly mac: string } {
  const mac = `bc:24:11:00:00:${number.toString(16).padStart(2, '0')}`
  const address = `192.168.1.${50 + number}`
  return {
    vmid: 5000 + number,
    uuid: `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`,
    name: `cp-${number}`,
    cores: 4,
    memoryMiB: 8192,
    nics: [{ mac, bridge: 'vmbr0', vlan: undefined }],
    disk: { id: `disk-${number}`, sizeGiB: 32, image: { talosVersion: 'v1.13.9', schematicId: 'x'.repeat(64) } },
    cloudInit: {
      hostname: `cp-${number}`,
      nics: [{ mac, address: `${address}/24`, gateway: '192.168.1.1' }],
      nameservers: ['192.168.1.1'],
    },
    ...override,
    address,
    mac,
  }
}

/** Polls until the condition holds; a bound, not a wait. */
export async function until<T>(
  look: () => T | undefined | false | Promise<T | undefined | false>,
  what: string,
  timeoutMs = 8_000,
): Promise<T> {
  const end = Date.now() + timeoutMs
  for (;;) {
    const seen = await look()
    if (seen !== undefined && seen !== false) return seen
    if (Date.now() > end) throw new Error(`not within ${timeoutMs} ms: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

/** As `aGuest`, with another Talos on its disk. */
export const aGuestWith = (number: number, talosVersion: string, override: Partial<GuestHardware> = {}) =>
  aGuest(number, {
    disk: { id: `disk-${number}`, sizeGiB: 32, image: { talosVersion, schematicId: 'x'.repeat(64) } },
    ...override,
  })
