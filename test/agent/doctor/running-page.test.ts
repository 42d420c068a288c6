import { expect, test } from 'vitest'
import { EXTRAS, needsOf, ROLES } from '#agent/doctor/privileges.ts'
import { readText, sectionOf, tableRows } from '#test/support/repository.ts'

/** docs/running.md tells people which rights they give away: all of them, and no others. */
const rows = tableRows(sectionOf(readText('docs/running.md'), '3. Proxmox'))
const cellOf = (name: string): string => rows.find(([cell]) => cell === `\`${name}\``)?.join(' ') ?? ''

test.each(Object.entries(ROLES).filter(([place]) => place !== 'cluster'))(
  'the page names every privilege of the role on each %s, and no other',
  (place, role) => {
    const cell = cellOf(role)
    // `VM.Config.CPU`, `.Disk` is short for VM.Config.Disk.
    const named = [...cell.matchAll(/`([A-Z][A-Za-z]+\.[A-Za-z.]+|\.[A-Z][A-Za-z]+)`/g)].map(([, name = '']) =>
      name.startsWith('.') ? `VM.Config${name}` : name,
    )
    const needed = needsOf([9, 2], []).filter((need) => need.place === place)
    const older = place === 'host' ? ['Sys.Audit', 'Sys.Modify'] : []
    expect(new Set(named)).toEqual(new Set([...needed.map(({ privilege }) => privilege), ...older]))
  },
)

test.each(Object.keys(EXTRAS))('the page says what the extra %s gives', (extra) => {
  const given = (
    [
      [8, 4],
      [9, 2],
    ] as const
  )
    .flatMap((release) => needsOf(release, [extra as keyof typeof EXTRAS]))
    .filter((need) => need.extra === extra)
  expect(given.length).toBeGreaterThan(0)
  for (const { privilege } of given) expect(cellOf(extra)).toContain(`\`${privilege}\``)
})
