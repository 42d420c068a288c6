import { Code, ConnectError, createContextKey, type Interceptor } from '@connectrpc/connect'

/** Who calls: the roles from the organisations of the client certificate, or the reader of maintenance mode. */
export interface Caller {
  readonly roles: ReadonlySet<string>
  readonly maintenance: boolean
}

export const callerKey = createContextKey<Caller>({ roles: new Set(), maintenance: false })

const ADMIN = ['os:admin']
const OPERATOR = ['os:admin', 'os:operator']
const READER = ['os:admin', 'os:operator', 'os:reader']
const ETCD_READER = [...READER, 'os:etcd:backup']

/** Which roles may call a method; a method that is not here is open to nobody. */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  'machine.MachineService/ApplyConfiguration': ADMIN,
  'machine.MachineService/Bootstrap': ADMIN,
  'machine.MachineService/EtcdForfeitLeadership': ADMIN,
  'machine.MachineService/EtcdLeaveCluster': ADMIN,
  'machine.MachineService/EtcdRemoveMemberByID': ADMIN,
  'machine.MachineService/Kubeconfig': ADMIN,
  'machine.MachineService/Reset': ADMIN,
  'machine.MachineService/Reboot': OPERATOR,
  'machine.MachineService/Shutdown': OPERATOR,
  'machine.MachineService/EtcdMemberList': ETCD_READER,
  'machine.MachineService/EtcdStatus': ETCD_READER,
  'machine.MachineService/Hostname': READER,
  'machine.MachineService/ServiceList': READER,
  'machine.MachineService/Version': READER,
  'storage.StorageService/Disks': READER,
  'cosi.resource.State/Get': READER,
  'cosi.resource.State/List': READER,
  'cosi.resource.State/Watch': READER,
  'cosi.resource.State/Create': [],
  'cosi.resource.State/Update': [],
  'cosi.resource.State/Destroy': [],
}
/** What maintenance mode allows on top of reading, because nobody could configure a node otherwise. */
const OPEN_IN_MAINTENANCE: ReadonlySet<string> = new Set(['machine.MachineService/ApplyConfiguration'])

/** Refuses what the caller's roles do not allow, before the method sees the request. */
export const checkRoles: Interceptor = (next) => (request) => {
  const method = `${request.method.parent.typeName}/${request.method.name}`
  const caller = request.contextValues.get(callerKey)
  const open = caller.maintenance && OPEN_IN_MAINTENANCE.has(method)
  if (!open && !ALLOWED[method]?.some((role) => caller.roles.has(role)))
    throw new ConnectError('not authorized', Code.PermissionDenied)
  return next(request)
}
