import { afterEach } from 'vitest'
import { toNewMachine } from '#agent/operations/new-machine.ts'
import { aCreation, HOST } from '#test/support/proxmox-site.ts'
import { startScripted, type Script, type ScriptedHost } from './scripted-host.ts'

/** One machine of ours as a scripted host tells of it: where it is, its configuration, and its rows in the bulk call. */
export const VM = `/nodes/${HOST}/qemu/2001`
export const machine = toNewMachine(aCreation())
export const config = {
  name: 'home-cp-1',
  smbios1: `uuid=${machine.machineId.toUpperCase()}`,
  net0: 'virtio=02:54:41:00:00:01,bridge=vmbr0',
}
export const NODE = { type: 'node', node: HOST, status: 'online' }
export const GUEST = { type: 'qemu', node: HOST, vmid: 2001, name: 'home-cp-1', status: 'running' }

/** Starts scripted hosts for the tests of a file, and closes each one after its test. */
export function scriptedHosts(): (script: Script) => Promise<ScriptedHost> {
  const hosts: ScriptedHost[] = []
  afterEach(async () => {
    for (const host of hosts.splice(0)) await host.close()
  })
  return async (script) => {
    const host = await startScripted(script)
    hosts.push(host)
    return host
  }
}
