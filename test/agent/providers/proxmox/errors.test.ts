import { describe, expect, test } from 'vitest'
import {
  saysAbsent,
  saysHidden,
  saysIdInUse,
  saysNoSuchTask,
  saysTaken,
  taskEnd,
  toProblem,
} from '#agent/providers/proxmox/errors.ts'
import type { Call, CallFailure } from '#agent/providers/proxmox/http.ts'

/** Texts as real hosts said them (9.2.11 and 8.4.21); ids and names vary. */
const write: Call = { method: 'POST', path: '/nodes/pve1/qemu' }
const read: Call = { method: 'GET', path: '/nodes/pve1/qemu/20001/config' }
const refused = (status: number, reason: string, fields: Record<string, string> = {}, call = write): CallFailure => ({
  kind: 'refused',
  call,
  status,
  reason,
  fields,
})

describe('a refused call', () => {
  test.each([
    [500, "unable to create VM 20001 - VM 20001 already exists on node 'pve1'", 'vmid-taken', { host: 'pve1' }],
    [500, "unable to create VM 20001 - CT 20001 already exists on node 'pve1'", 'vmid-taken', { host: 'pve1' }],
    [500, 'unable to create VM 20001: config file already exists', 'vmid-taken', {}],
    [500, "Configuration file 'nodes/pve1/qemu-server/20001.conf' does not exist", 'not-found', {}],
    [500, "unable to find configuration file for VM 29999 on node 'pve1'", 'not-found', {}],
    [500, 'VM is locked (create)', 'provider-busy', { lock: 'create' }],
    [500, 'VM is locked (backup)', 'provider-busy', { lock: 'backup' }],
    [500, "can't lock file '/var/lock/qemu-server/lock-20001.conf' - got timeout", 'provider-busy', {}],
    [500, 'checksum mismatch (file change by other user?)', 'provider-busy', {}],
    [403, 'Permission check failed (/, Sys.Modify)', 'permission-missing', { path: '/', privilege: 'Sys.Modify' }],
    [
      403,
      'Permission check failed (/sdn/zones/localnetwork/vmbr0/77, SDN.Use)',
      'permission-missing',
      { path: '/sdn/zones/localnetwork/vmbr0/77', privilege: 'SDN.Use' },
    ],
    [403, 'Permission check failed', 'permission-missing', {}],
    [500, "only root can set 'args' config", 'permission-missing', {}],
    [500, "storage 'nope' does not exist", 'storage-missing', { storage: 'nope' }],
    [
      500,
      "storage 'img' is not configured for content-type 'import'",
      'storage-missing',
      { storage: 'img', content: 'import' },
    ],
    [
      500,
      "hostname lookup 'nope' failed - failed to get address info for: nope: Temporary failure in name resolution",
      'host-unknown',
      { host: 'nope' },
    ],
    [500, "no such cluster node 'pve2'", 'host-unknown', { host: 'pve2' }],
    [401, 'Authentication failed!', 'provider-unauthorized', {}],
    [401, 'No ticket', 'provider-unauthorized', {}],
    [501, "Method 'GET /nope' not implemented", 'provider-refused', {}],
  ] as const)('%i %s is %s', (status, reason, code, facts) => {
    expect(toProblem(refused(status, reason))).toMatchObject({ code, facts: { status, reason, ...facts } })
  })

  test('names the parameters of a 400', () => {
    const text = 'property is not defined in schema and the schema does not allow additional properties'
    expect(toProblem(refused(400, 'Parameter verification failed.', { 'host-tunnel': text }))).toMatchObject({
      code: 'provider-refused',
      retry: 'never',
      facts: { parameters: [`host-tunnel: ${text}`] },
    })
  })

  test('a 500 that nobody knows may pass, so it is worth another attempt', () => {
    expect(toProblem(refused(500, 'short read on command socket (16 != 0)'))).toMatchObject({
      code: 'provider-refused',
      retry: 'later',
    })
  })

  test('a relay that gave up on a write leaves its outcome unknown; on a read it is only unreachable', () => {
    expect(toProblem(refused(596, 'Broken pipe')).code).toBe('outcome-unknown')
    expect(toProblem(refused(599, 'Too many redirections')).code).toBe('outcome-unknown')
    expect(toProblem(refused(596, 'Broken pipe', {}, read)).code).toBe('provider-unreachable')
    expect(toProblem(refused(595, 'No route to host')).code).toBe('provider-unreachable')
  })

  test('a write without an answer is unknown, one that was never sent is not', () => {
    const text = 'other side closed'
    expect(toProblem({ kind: 'no-answer', call: write, text, hungUp: true })).toMatchObject({
      code: 'outcome-unknown',
      retry: 'look-again',
    })
    expect(toProblem({ kind: 'no-answer', call: read, text, hungUp: false }).code).toBe('provider-unreachable')
    expect(toProblem({ kind: 'not-sent', call: write, text }).code).toBe('provider-unreachable')
  })
})

describe('what a refusal says about a VMID', () => {
  test('a lock at creation means taken, as the existing guest does', () => {
    const lock = "can't lock file '/var/lock/qemu-server/lock-20001.conf' - got timeout"
    expect(saysTaken(refused(500, `unable to create VM 20001 - ${lock}`))).toBe(true)
    expect(saysTaken(refused(500, "unable to create VM 20001 - VM 20001 already exists on node 'pve1'"))).toBe(true)
    expect(saysTaken(refused(500, lock))).toBe(false)
  })

  test('403 hides and 500 tells that there is no such guest', () => {
    const hidden = refused(403, 'Permission check failed (/vms/20001, VM.Audit)', {}, read)
    const absent = refused(500, "Configuration file 'nodes/pve1/qemu-server/20001.conf' does not exist", {}, read)
    expect([saysHidden(hidden), saysAbsent(hidden)]).toEqual([true, false])
    expect([saysHidden(absent), saysAbsent(absent)]).toEqual([false, true])
  })

  test('nextid and task status tell in their fields', () => {
    const reason = 'Parameter verification failed.'
    expect(saysIdInUse(refused(400, reason, { vmid: 'VM 20001 already exists' }, read))).toBe(true)
    expect(saysIdInUse(refused(400, reason, { vmid: 'value must be an integer' }, read))).toBe(false)
    expect(saysNoSuchTask(refused(400, reason, { upid: 'no such task' }, read))).toBe(true)
  })
})

describe('the end of a task', () => {
  const upid = (type: string) => `UPID:pve1:0000014F:00092BAA:6B002818:${type}:20001:talos@pve!agent:`

  test.each([
    ['qmcreate', 'OK'],
    ['qmcreate', 'WARNINGS: 1'],
    ['qmstart', 'VM 20001 already running'],
    ['qmdestroy', "Configuration file 'nodes/pve1/qemu-server/20001.conf' does not exist"],
    ['resize', 'shrinking disks is not supported'],
    ['download', "refusing to override existing file '/var/lib/img/import/talos-1.11.5-nocloud-amd64.qcow2'"],
  ])('%s, %s: it is as it was wanted', (type, exit) => {
    expect(taskEnd(upid(type), exit)).toEqual({ ok: true, value: undefined })
  })

  test.each([
    ['qmcreate', 'unexpected status', 'outcome-unknown'],
    ['qmcreate', '', 'outcome-unknown'],
    ['qmcreate', "unable to create VM 20001 - failed to stat '/var/lib/img/import/none.qcow2'", 'image-unavailable'],
    ['qmcreate', "unable to create VM 20001 - volume 'local:iso/none.iso' does not exist", 'image-unavailable'],
    ['qmdestroy', "base volume 'local:100/base-100-disk-0.qcow2' is still in use by linked cloned", 'task-failed'],
    ['qmstop', "unable to find configuration file for VM 20001 on node 'pve1'", 'not-found'],
    [
      'qmcreate',
      'unable to create VM 20001 - 403 Permission check failed (/vms/20001, VM.Config.Options)',
      'permission-missing',
    ],
    ['qmstart', "bridge 'vmbr9' does not exist", 'bridge-missing'],
    ['qmstart', 'start failed: QEMU exited with code 1', 'task-failed'],
    ['qmstart', 'VM is locked (backup)', 'provider-busy'],
    ['qmstop', "can't lock file '/var/lock/qemu-server/lock-20001.conf' - got timeout", 'provider-busy'],
    ['download', 'download failed: exit code 8', 'image-unavailable'],
    ['download', "download failed: wget: unable to resolve host address 'nohost.invalid'", 'image-unavailable'],
    ['download', "download failed: Cannot write to '/x' (No space left on device).", 'image-unavailable'],
    ['qmcreate', 'received interrupt', 'task-failed'],
    ['qmstart', "refusing to override existing file '/x'", 'task-failed'],
  ])('%s, %s is %s', (type, exit, code) => {
    expect(taskEnd(upid(type), exit)).toMatchObject({ ok: false, error: { code } })
  })
})
