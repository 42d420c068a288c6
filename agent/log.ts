import { pino, type Logger as PinoLogger } from 'pino'

export type Logger = PinoLogger

export type LogFormat = 'json' | 'silent'

/** One event per finished unit of work, as a JSON line on stdout; journald reads it from there. */
export const createLogger = (level: string, format: LogFormat = 'json'): Logger =>
  pino({
    enabled: format !== 'silent',
    level,
    base: null,
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    messageKey: 'event',
  })
