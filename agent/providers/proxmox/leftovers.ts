import { err, ok, type Result } from '#core/base/result.ts'
import { problem, type Problem } from '#core/model/problem.ts'
import { cidataFileName } from '../cidata.ts'
import type { Leftovers, MachineRef, Provider } from '../provider.ts'
import { toProblem } from './errors.ts'
import type { CallFailure, ProxmoxHttp } from './http.ts'
import { deleteVolume, listDisksOf, listImages, listStorages, type HostStorage } from './nodes/storage.ts'
import { translated } from './translated.ts'

/**
 * What a machine leaves behind: destroying one does not delete the CDs in its drives, and a disk that could not be freed
 * is only a warning. Backups of the machine are not among it; they were made to outlive it.
 */
export type LeftoverMethods = Pick<Provider, 'listLeftovers' | 'deleteLeftover'>

export const leftoverMethods = (http: ProxmoxHttp): LeftoverMethods => ({
  async listLeftovers(ref) {
    const storages = await listStorages(http, ref.host)
    if (!storages.ok) return err(toProblem(storages.error))
    const volumeIds: string[] = []
    const silent: string[] = []
    for (const storage of storages.value) {
      const found = storage.active ? await leftOn(http, ref, storage) : ok([])
      if (found.ok) volumeIds.push(...found.value)
      else silent.push(storage.name)
    }
    return ok<Leftovers>({ volumeIds, silent })
  },
  async deleteLeftover({ host }, volumeId): Promise<Result<void, Problem>> {
    const [storage, volume] = volumeId.split(':')
    if (!storage || !volume) return err(problem('not-found', { volumeId }))
    return translated(await deleteVolume(http, host, storage, volumeId))
  },
})

async function leftOn(
  http: ProxmoxHttp,
  { host, vmid, machineId }: MachineRef,
  { name, content }: HostStorage,
): Promise<Result<readonly string[], CallFailure>> {
  const disks = content.includes('images') ? await listDisksOf(http, host, name, vmid) : ok([])
  if (!disks.ok) return disks
  const isos = content.includes('iso') ? await listImages(http, host, name, 'iso') : ok([])
  if (!isos.ok) return isos
  const cidata = `${name}:iso/${cidataFileName(machineId)}`
  return ok(
    [...disks.value, ...isos.value.filter(({ volumeId }) => volumeId === cidata)].map((volume) => volume.volumeId),
  )
}
