import { toNumber, toRow, toRows, toText, type Row } from './parse.ts'

/**
 * The address of a NIC as the guest tells it. Only the interface with our MAC counts: a guest lists its loopback, the
 * bridges of its containers and the VIP as well, in any order.
 *
 * Source: facts proxmox.md §1.10; recorded in pve-real-transcript.jsonl (`agent/network-get-interfaces`).
 */
export function addressOf(interfaces: readonly Row[], mac: string): string | undefined {
  return interfaces
    .filter((row) => toText(row['hardware-address'])?.toUpperCase() === mac.toUpperCase())
    .flatMap((row) => toRows(row['ip-addresses']))
    .map(toRow)
    .find(isOwnAddress)?.['ip-address'] as string | undefined
}

/** A prefix of 32 is how Talos carries the VIP (talos#9209); 169.254 means that nobody gave an address. */
function isOwnAddress(row: Row): boolean {
  const address = toText(row['ip-address'])
  const prefix = toNumber(row['prefix'])
  return (
    row['ip-address-type'] === 'ipv4' &&
    address !== undefined &&
    !address.startsWith('169.254.') &&
    !address.startsWith('127.') &&
    prefix !== undefined &&
    prefix < 32
  )
}
