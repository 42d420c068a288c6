import { execFileSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { parseRelease, rightsScript } from '#agent/doctor/rights-script.ts'
import { typeCommands } from '#test/support/proxmox-commands.ts'
import { aLabHost, aPlan, commandsOf, ROOT_PASSWORD } from './lab-site.ts'

/**
 * The script runs in a real shell, in front of stand-ins for the tools of a host: they remember names in files, refuse
 * what exists already as the real ones do, and write down every change they were asked for.
 */
const PVEUM = `#!/bin/sh
note() { for word; do printf '%s\\t' "$word" >> "$HOST_STATE/log"; done; echo >> "$HOST_STATE/log"; }
add() { if grep -qx "$2" "$HOST_STATE/$1"; then echo "'$2' already exists" >&2; exit 255; fi; echo "$2" >> "$HOST_STATE/$1"; }
list() { sep='['; while read -r name; do printf '%s{"comment":"x","%s":"%s"}' "$sep" "$2" "$name"; sep=,; done < "$HOST_STATE/$1"; [ "$sep" = , ] || printf '['; echo ']'; }
case "$1 $2 $3" in
  "pool list "*) list pools poolid; exit ;;
  "user list "*) list users userid; exit ;;
  "role list "*) list roles roleid; exit ;;
  "user token list") list tokens tokenid; exit ;;
  "pool add "*) add pools "$3" ;;
  "user add "*) add users "$3" ;;
  "role add "*) add roles "$3" ;;
  "user token add") add tokens "$5"; echo secret-of-the-token ;;
  "role modify "*) grep -qx "$3" "$HOST_STATE/roles" || exit 255 ;;
esac
note pveum "$@"
`

interface FakeHost {
  run(script: string): { readonly output: string; readonly commands: readonly (readonly string[])[] }
}

function aHostShell(version = '9.2.11'): FakeHost {
  const directory = mkdtempSync(join(tmpdir(), 'lanline-rights-'))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  const tools = join(directory, 'bin')
  mkdirSync(tools)
  for (const list of ['pools', 'users', 'roles', 'tokens']) writeFileSync(join(directory, list), '')
  writeFileSync(join(directory, 'roles'), 'Administrator\nPVEAuditor\n')
  writeFileSync(join(tools, 'pveum'), PVEUM)
  writeFileSync(join(tools, 'pveversion'), `#!/bin/sh\necho "pve-manager/${version}/abc (running kernel: 6.17)"\n`)
  for (const tool of ['pveum', 'pveversion']) chmodSync(join(tools, tool), 0o755)
  const log = join(directory, 'log')
  return {
    run(script) {
      writeFileSync(log, '')
      const env = { PATH: `${tools}${delimiter}${process.env['PATH'] ?? ''}`, HOST_STATE: directory }
      const output = execFileSync('sh', ['-s'], {
        input: script,
        env,
        encoding: 'utf8',
        stdio: ['pipe', 'pipe', 'pipe'],
      })
      const lines = existsSync(log) ? readFileSync(log, 'utf8').split('\n') : []
      return {
        output,
        commands: lines.filter((line) => line !== '').map((line) => line.replace(/\t$/, '').split('\t')),
      }
    },
  }
}

describe('the script', () => {
  test('makes on a fresh host what the plan says, and shows the secret of the token', () => {
    const { output, commands } = aHostShell().run(rightsScript(aPlan()))
    const withoutComment = commands.map((words) =>
      words[2] === 'add' && words[1] === 'user' ? words.slice(0, 4) : words,
    )
    expect(withoutComment).toEqual(commandsOf(aPlan()))
    expect(output).toContain('secret-of-the-token')
  })

  test('run again it changes nothing but bringing the roles up to date, and keeps the token', () => {
    const shell = aHostShell()
    shell.run(rightsScript(aPlan()))
    const { commands } = shell.run(rightsScript(aPlan({ extras: ['quorum'] })))
    const kinds = commands.map((words) => words.slice(1, 3).join(' '))
    expect(new Set(kinds)).toEqual(new Set(['role modify', 'role add', 'acl modify', 'user token']))
    expect(commands.filter((words) => words[2] === 'add').map((words) => words[3])).toEqual(['LanlineCluster'])
    expect(commands.at(-1)).toEqual(['pveum', 'user', 'token', 'modify', 'lanline@pve', 'agent', '--privsep', '0'])
  })

  test.each([
    ['9', '8.4.21'],
    ['8', '9.0.3'],
    ['8.3', '8.1.4'],
    ['8.1', '8.2.2'],
  ])('made for %s it refuses to run on %s, before it changes anything', (made, host) => {
    const release = parseRelease(made)
    if (!release) throw new Error(made)
    const shell = aHostShell(host)
    expect(() => shell.run(rightsScript(aPlan({ release })))).toThrow('this is for Proxmox VE')
    expect(shell.run('true').commands).toEqual([])
  })

  test('typed on a simulated host of each release, every command is taken', async () => {
    for (const release of ['9.2', '8.4'] as const) {
      const plan = aPlan({
        release: parseRelease(release) ?? [9, 2],
        extras: ['guest-agent', 'cdrom', 'cleanup', 'quorum'],
      })
      const { commands } = aHostShell(`${release}.1`).run(rightsScript(plan))
      const host = await aLabHost({ release })
      expect(await typeCommands(host, ROOT_PASSWORD, commands)).toMatch(/^[0-9a-f-]{36}$/)
      const again = aHostShell(`${release}.1`)
      again.run(rightsScript(plan))
      await typeCommands(host, ROOT_PASSWORD, again.run(rightsScript(plan)).commands)
    }
  })

  test('[pitfall 12] a simulated host of the other major refuses the role, which is why the script is made for one', async () => {
    const nine = aHostShell().run(rightsScript(aPlan({ extras: ['guest-agent'] }))).commands
    const host = await aLabHost({ release: '8.4' })
    await expect(typeCommands(host, ROOT_PASSWORD, nine)).rejects.toThrow('invalid privilege')
  })
})

test.each([
  ['9', [9, 9]],
  ['8', [8, 9]],
  ['8.2', [8, 2]],
  ['9.2.11', [9, 2]],
  ['7.4', undefined],
  ['10', undefined],
  ['nine', undefined],
])('the release %s is read as %j', (text, release) => {
  expect(parseRelease(text)).toEqual(release)
})
