"""The life of a virtual machine, as somebody would script it with proxmoxer, a client that is not ours."""

import io
import json
import sys

from proxmoxer import ProxmoxAPI
from proxmoxer.core import ResourceException
from proxmoxer.tools import Tasks

wish = json.load(sys.stdin)
host = {"host": "127.0.0.1", "port": wish["port"], "verify_ssl": wish["ca"], "timeout": 30}
root = ProxmoxAPI(user="root@pam", password=wish["password"], **host)
node = wish["node"]
said = []


def say(name, value):
    said.append([name, value])


def done(api, upid):
    status = Tasks.blocking_status(api, upid, timeout=60, polling_interval=0.05)
    return status["exitstatus"]


# A person prepares what the scripts need, with a ticket and its anti-forgery token.
say("version", root.version.get()["release"])
root.pools.post(poolid="py")
root.access.users.post(userid="py@pve", password="long-enough", comment="proxmoxer")
agent = "VM.Monitor" if root.version.get()["release"].startswith("8") else "VM.GuestAgent.Audit"
privileges = "VM.Allocate,VM.Audit,VM.Config.CPU,VM.Config.Memory,VM.Config.Network,VM.Config.HWType,VM.Config.Options,VM.Config.Disk,VM.Config.CDROM,VM.Config.Cloudinit,VM.PowerMgmt,VM.Snapshot,VM.Clone," + agent
root.access.roles.post(roleid="PyVM", privs=privileges)
root.access.acl.put(path="/pool/py", roles="PyVM", users="py@pve")
root.access.acl.put(path="/storage", roles="PVEDatastoreAdmin", users="py@pve")
root.access.acl.put(path="/sdn", roles="PVESDNUser", users="py@pve")
root.access.acl.put(path="/", roles="PVEAuditor", users="py@pve")
token = root.access.users("py@pve").token("script").post(privsep=0)

# The script itself uses a token.
api = ProxmoxAPI(user="py@pve", token_name="script", token_value=token["value"], **host)
say("nodes", [each["node"] for each in api.nodes.get()])
say("storages", sorted(each["storage"] for each in api.nodes(node).storage.get()))
say("bridges", [each["iface"] for each in api.nodes(node).network.get(type="bridge")])

iso = io.BytesIO(b"lab" * 1000)
iso.name = "small.iso"
say("upload", done(api, api.nodes(node).storage("local").upload.post(content="iso", filename=iso)))
say("isos", [each["volid"] for each in api.nodes(node).storage("local").content.get(content="iso")])

vmid = api.cluster.nextid.get()
say("create", done(api, api.nodes(node).qemu.post(
    vmid=vmid, name="py-1", pool="py", cores=2, memory=2048, scsihw="virtio-scsi-pci",
    scsi0="local-zfs:8,discard=on,ssd=1", net0="virtio,bridge=vmbr0", ide2="local:iso/small.iso,media=cdrom",
    boot="order=scsi0;ide2", serial0="socket", agent="enabled=1", ostype="l26")))
vm = api.nodes(node).qemu(vmid)
config = vm.config.get()
say("config", [config["name"], config["memory"], config["scsi0"].split(",")[0]])
vm.config.put(tags="b;a", description="made by proxmoxer")
say("tags", vm.config.get()["tags"])
say("resize", done(api, vm.resize.put(disk="scsi0", size="16G")))
say("snapshot", done(api, vm.snapshot.post(snapname="s1")))
say("snapshots", [each["name"] for each in vm.snapshot.get()])
say("start", done(api, vm.status.start.post()))
say("status", vm.status.current.get()["status"])
try:
    vm.agent("network-get-interfaces").get()
except ResourceException as problem:
    say("agent", [problem.status_code, problem.content])
try:
    vm.delete()
except ResourceException as problem:
    say("delete running", [problem.status_code, problem.content])
try:
    vm.config.put(nonsense=1)
except ResourceException as problem:
    say("nonsense", [problem.status_code, problem.errors])
say("stop", done(api, vm.status.stop.post()))
say("delete", done(api, vm.delete(purge=1)))
say("left", [each["vmid"] for each in api.cluster.resources.get(type="vm")])
say("log", Tasks.decode_upid(api.nodes(node).tasks.get(limit=1)[0]["upid"])["type"])
json.dump(said, sys.stdout)
