import { describe, expect, test } from 'vitest'
import { err, ok, type Result } from '#core/base/result.ts'
import { problem, type Problem } from '#core/model/problem.ts'
import type { Check } from '#agent/doctor/check.ts'
import { OWN_CHECKS, SITE_CHECKS } from '#agent/doctor/all-checks.ts'
import { examine } from '#agent/doctor/examine.ts'
import { exitCodeOf, fine, trouble, warning, type Finding } from '#agent/doctor/finding.ts'
import { sayFindings } from '#agent/doctor/print.ts'
import { fastClock } from '#test/support/step-journal.ts'
import { sourcesIn } from '#test/support/repository.ts'

const check = (name: string, run: () => Promise<Result<readonly Finding[], Problem>>): Check<undefined> => ({
  name,
  run,
})
const good = (name: string): Check<undefined> => check(name, () => Promise.resolve(ok([fine('fine', name, 'well')])))

describe('examine', () => {
  test('a check that throws, one that cannot look and one that hangs hide nothing of the others', async () => {
    const checks = [
      good('first'),
      check('throwing', () => Promise.reject(new Error('a mistake of ours'))),
      check('hanging', () => new Promise(() => undefined)),
      check('blind', () => Promise.resolve(err(problem('provider-unreachable', { reason: 'no route' })))),
      good('last'),
    ]
    const findings = await examine(checks, undefined, fastClock)
    expect(findings.map(({ level, code, about }) => `${level} ${code} ${about}`)).toEqual([
      'ok fine first',
      'ok fine last',
      'problem check-failed throwing',
      'warning not-looked-at hanging',
      'warning not-looked-at blind',
    ])
  })

  test('checks that could not look for the same reason are told in one finding', async () => {
    const blind = (name: string, path: string) =>
      check(name, () =>
        Promise.resolve(err(problem('provider-unreachable', { call: `GET ${path}`, reason: 'no route' }))),
      )
    const findings = await examine([blind('storages', '/a'), blind('bridges', '/b')], undefined, fastClock)
    expect(findings.map(({ about }) => about)).toEqual(['storages, bridges'])
  })

  test('findings keep the order of the checks, whichever ends first', async () => {
    const slow = check('slow', async () => {
      await fastClock.sleep(1_000)
      return ok([fine('fine', 'slow', 'well')])
    })
    const findings = await examine([slow, good('quick')], undefined, fastClock)
    expect(findings.map(({ about }) => about)).toEqual(['slow', 'quick'])
  })

  test('no more than eight run at a time', async () => {
    let running = 0
    let most = 0
    const counted = (name: string) =>
      check(name, async () => {
        most = Math.max(most, ++running)
        await fastClock.sleep(100)
        running--
        return ok([])
      })
    await examine(
      Array.from({ length: 30 }, (_, index) => counted(String(index))),
      undefined,
      fastClock,
    )
    expect(most).toBe(8)
  })

  test('every check that there is, is in the list, once', () => {
    const names = [...OWN_CHECKS, ...SITE_CHECKS].map(({ name }) => name)
    expect(new Set(names).size).toBe(names.length)
    expect(names.length).toBe(sourcesIn('agent/doctor/checks').length)
  })
})

describe('what is printed', () => {
  const findings = [
    fine('fine', 'token', 'taken'),
    warning('slow', 'storage nas on pve1', 'slow', 'pvesm status'),
    trouble('gone', 'bridge vmbr0', 'gone', 'one\ntwo'),
  ]

  test('aligned, with each line of a fix below its finding, and the counts at the end', () => {
    expect(sayFindings(findings, false)).toBe(
      [
        'ok       token                taken',
        'warning  storage nas on pve1  slow',
        '           → pvesm status',
        'PROBLEM  bridge vmbr0         gone',
        '           → one',
        '           → two',
        '',
        '1 problem, 1 warning, 1 ok',
      ].join('\n'),
    )
  })

  test('colour is only around the level', () => {
    const escape = String.fromCodePoint(27)
    expect(sayFindings(findings, true)).toContain(`${escape}[31mPROBLEM  ${escape}[0mbridge`)
    expect(sayFindings(findings, false)).not.toContain(escape)
  })

  test('the exit code is 1 for a problem and 0 for warnings', () => {
    expect(exitCodeOf(findings)).toBe(1)
    expect(exitCodeOf(findings.slice(0, 2))).toBe(0)
  })
})
