import { expect, test } from 'vitest'
import { wgetLines } from '#lab/proxmox/wget-lines.ts'

const MIB = 1024 ** 2

test('a small file is one line, as a real host wrote it', () => {
  expect(wgetLines(4_390_912)).toEqual([{ text: '     0K ....                               100%', part: 1 }])
})

test('a large one is a line for each 32 MiB, with the percent that is there when the line is full', () => {
  const lines = wgetLines(80 * MIB)
  expect(lines.map(({ text }) => text)).toEqual([
    '     0K ........ ........ ........ ........ 40%',
    ' 32768K ........ ........ ........ ........ 80%',
    ' 65536K ........ ........                  100%',
  ])
  expect(lines.map(({ part }) => part)).toEqual([0.4, 0.8, 1])
})
