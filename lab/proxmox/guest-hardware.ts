import { readCidata } from './cidata.ts'
import { cloudInitOf } from './cloud-init.ts'
import * as vms from './vm.ts'
import type { GuestHardware } from '#lab/guest.ts'
import type { World } from './world.ts'
import type { Vm } from './vm.ts'

/** What a guest finds when it is powered on: its hardware, its boot disk, and what the media say. */
export function hardwareOf(world: World, vm: Vm): GuestHardware {
  const config = vm.config
  const drives = new Map(vms.drivesOf(config))
  const bootFile = vms
    .bootOrderOf(config)
    .map((device) => drives.get(device))
    .find((drive) => drive !== undefined && !vms.isCdRom(drive))
    ?.get('file')
  const volume = bootFile === undefined ? undefined : world.storages.findVolume(bootFile)
  return {
    vmid: vm.vmid,
    uuid: vms.uuidOf(config),
    name: config.get('name') ?? `VM${vm.vmid}`,
    cores: vms.coresOf(config),
    memoryMiB: vms.memoryMiBOf(config),
    nics: vms.nicsOf(config).map(({ mac, bridge, vlan }) => ({ mac: mac.toLowerCase(), bridge: bridge ?? '', vlan })),
    disk: volume && { id: volume.id, sizeGiB: volume.sizeBytes / 1024 ** 3, image: volume.image?.content },
    cloudInit: cloudInitOf(config, vm.vmid) ?? cidataOf(world, vm),
    ...installerOf(world, vm),
  }
}

/** What the first uploaded medium that is one says, in the order of the drives' names. */
function cidataOf(world: World, vm: Vm): GuestHardware['cloudInit'] {
  for (const [, drive] of vms.drivesOf(vm.config)) {
    const bytes = vms.isCdRom(drive) ? world.storages.findVolume(drive.get('file') ?? '')?.bytes : undefined
    const said = bytes && readCidata(bytes)
    if (said) return said
  }
  return undefined
}

function installerOf(world: World, vm: Vm): Pick<GuestHardware, 'installer'> {
  const drives = new Map(vms.drivesOf(vm.config))
  for (const device of vms.bootOrderOf(vm.config)) {
    const drive = drives.get(device)
    const image = drive && vms.isCdRom(drive) ? world.storages.findVolume(drive.get('file') ?? '')?.image : undefined
    if (image?.content) return { installer: image.content }
  }
  return {}
}
