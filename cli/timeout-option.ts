import { InvalidArgumentError, Option } from 'commander'
import { parseDuration } from './output/text.ts'

/** From nothing to a ready cluster takes minutes; an image download on a slow line takes most of an hour. */
const DEFAULT_WAIT_MS = 60 * 60_000

/** `--timeout` of every command that has `--wait`. */
export const timeoutOption = (): Option =>
  new Option('--timeout <duration>', 'how long to wait, as in 30m').default(DEFAULT_WAIT_MS, '1h').argParser((text) => {
    const ms = parseDuration(text)
    if (ms === undefined) throw new InvalidArgumentError('Write it like 90s, 30m or 2h.')
    return ms
  })
