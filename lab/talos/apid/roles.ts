import { Code, ConnectError, createContextKey, type Interceptor } from '@connectrpc/connect'

/** Who calls: the roles from the organisations of the client certificate, or the reader of maintenance mode. */
export interface Caller {
  readonly roles: ReadonlySet<string>
  readonly maintenance: boolean
}

export const callerKey = createContextKey<Caller>({ roles: new Set(), maintenance: false })

const NOBODY: readonly string[] = []
const ADMIN = ['os:admin']
const OPERATOR = [...ADMIN, 'os:operator']
const READER = [...OPERATOR, 'os:reader']
const ETCD_READER = [...READER, 'os:etcd:backup']

const machine = (roles: readonly string[], names: readonly string[]): (readonly [string, readonly string[]])[] =>
  names.map((name) => [`machine.MachineService/${name}`, roles])

/**
 * Which roles may call a method; a method that is not here is the administrator's. Source: the rules of machined,
 * internal/app/machined/pkg/system/services/machined.go of Talos 1.13.
 */
const ALLOWED: ReadonlyMap<string, readonly string[]> = new Map([
  ...machine(ETCD_READER, ['EtcdAlarmList', 'EtcdMemberList', 'EtcdStatus']),
  ...machine([...OPERATOR, 'os:etcd:backup'], ['EtcdSnapshot']),
  ...machine([...ADMIN, 'os:meta:writer'], ['MetaWrite', 'MetaDelete']),
  ...machine(OPERATOR, ['EtcdAlarmDisarm', 'EtcdDefragment', 'ImagePull', 'Reboot', 'Restart']),
  ...machine(OPERATOR, ['ServiceRestart', 'ServiceStart', 'ServiceStop', 'Shutdown']),
  ...machine(READER, ['CPUInfo', 'Containers', 'DiskStats', 'DiskUsage', 'Dmesg', 'Events', 'Hostname', 'ImageList']),
  ...machine(READER, ['List', 'LoadAvg', 'Logs', 'LogsContainers', 'Memory', 'Mounts', 'Netstat', 'Processes']),
  ...machine(READER, ['NetworkDeviceStats', 'ServiceList', 'Stats', 'SystemStat', 'Version']),
  ['machine.ImageService/List', READER],
  ['machine.ImageService/Pull', OPERATOR],
  ['machine.ImageService/Verify', [...READER, 'os:image:verifier']],
  ['cluster.ClusterService/HealthCheck', READER],
  ['inspect.InspectService/ControllerRuntimeDependencies', READER],
  ['storage.StorageService/Disks', READER],
  ['time.TimeService/Time', READER],
  ['time.TimeService/TimeCheck', READER],
  ['cosi.resource.State/Get', READER],
  ['cosi.resource.State/List', READER],
  ['cosi.resource.State/Watch', READER],
  // Nobody writes resources from outside.
  ['cosi.resource.State/Create', NOBODY],
  ['cosi.resource.State/Update', NOBODY],
  ['cosi.resource.State/Destroy', NOBODY],
])
/** What maintenance mode allows on top of reading, because nobody could configure a node otherwise. */
const OPEN_IN_MAINTENANCE: ReadonlySet<string> = new Set([
  'machine.MachineService/ApplyConfiguration',
  'storage.StorageService/BlockDeviceWipe',
])

/** Refuses what the caller's roles do not allow, before the method sees the request. */
export const checkRoles: Interceptor = (next) => (request) => {
  const method = `${request.method.parent.typeName}/${request.method.name}`
  const caller = request.contextValues.get(callerKey)
  const open = caller.maintenance && OPEN_IN_MAINTENANCE.has(method)
  if (!open && !(ALLOWED.get(method) ?? ADMIN).some((role) => caller.roles.has(role)))
    throw new ConnectError('not authorized', Code.PermissionDenied)
  return next(request)
}
