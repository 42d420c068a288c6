import { join } from 'node:path'
import { readCopies } from './sqlite-copy.ts'

/**
 * Rows that were written in D1, index rows included, as D1 itself reported them to workerd's local trace. The Workers
 * cannot count them all themselves: an INSERT that returns its row tells them nothing else.
 */
export const d1RowsWritten = (planeDir: string, fromMs: number, toMs: number): number =>
  readCopies(
    join(planeDir, 'v3/observability/miniflare-wobs-trace-store'),
    (file) => !file.startsWith('metadata'),
    (database) =>
      Number(
        database
          .prepare(
            `SELECT total(json_extract(attributes, '$."cloudflare.d1.response.rows_written"')) AS rows
             FROM spans WHERE start_ms BETWEEN ? AND ?`,
          )
          .get(fromMs, toMs)?.['rows'] ?? 0,
      ),
  ).reduce((total, rows) => total + rows, 0)
