import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'

/**
 * Every call of the Proxmox API that the product can make, read from its sources: of the provider, which acts, and of
 * the doctor, which only looks. A call whose path cannot be read is told, so that none is missed.
 *
 *   node tools/proxmox-endpoints.ts     prints them
 */
export interface Endpoint {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  /** With `{}` for each part that is filled in: `/nodes/{}/qemu/{}/config`. */
  readonly path: string
  /** Names of parameters that stand in the call itself; those put together elsewhere have tests of their own. */
  readonly parameters: readonly string[]
  readonly file: string
}

export interface Inventory {
  readonly endpoints: readonly Endpoint[]
  /** Calls whose path this does not understand, as `file:line`. */
  readonly unread: readonly string[]
}

const ROOT = fileURLToPath(new URL('../', import.meta.url))
const FOLDERS = ['agent/providers/proxmox', 'agent/doctor', 'agent/commands']
const METHODS = { get: 'GET', post: 'POST', put: 'PUT', delete: 'DELETE', read: 'GET' } as const
/** What the clients are called where they are used. */
const CLIENTS: ReadonlySet<string> = new Set(['http', 'look', 'reader', 'only'])
/** One question to each host: its path is below the host's. */
const TO_EACH_HOST = 'askEach'

export function readInventory(): Inventory {
  const endpoints: Endpoint[] = []
  const unread: string[] = []
  for (const file of FOLDERS.flatMap(sourcesBelow)) {
    const source = ts.createSourceFile(file, readFileSync(ROOT + file, 'utf8'), ts.ScriptTarget.Latest, true)
    for (const { method, target, params, prefix } of callsIn(source)) {
      const path = target && pathOf(target)
      if (path === undefined) {
        const at = target ? source.getLineAndCharacterOfPosition(target.getStart()).line + 1 : 0
        unread.push(`${file}:${at}`)
      } else if (path !== 'of each host')
        endpoints.push({ method, path: prefix + path, parameters: keysOf(params), file })
    }
  }
  return { endpoints, unread }
}

const sourcesBelow = (folder: string): readonly string[] =>
  readdirSync(ROOT + folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => `${folder}/${name}`)
    .sort()

interface ApiCall {
  readonly method: Endpoint['method']
  readonly target: ts.Expression | undefined
  readonly params: ts.Expression | undefined
  readonly prefix: string
}

function callsIn(source: ts.SourceFile): readonly ApiCall[] {
  const found: ApiCall[] = []
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node)) {
      const { expression: called, arguments: args } = node
      if (ts.isIdentifier(called) && called.text === TO_EACH_HOST)
        found.push({ method: 'GET', target: args[1], params: args[3], prefix: '/nodes/{}' })
      if (ts.isPropertyAccessExpression(called) && ts.isIdentifier(called.expression)) {
        const method = Object.entries(METHODS).find(([name]) => name === called.name.text)?.[1]
        if (method && CLIENTS.has(called.expression.text))
          found.push({ method, target: args[0], params: args[1], prefix: '' })
      }
    }
    ts.forEachChild(node, visit)
  }
  visit(source)
  return found
}

/** The path that an expression stands for: written there, or in a constant around it. */
function pathOf(expression: ts.Expression): string | undefined {
  if (ts.isStringLiteral(expression)) return expression.text
  if (ts.isTaggedTemplateExpression(expression)) return textOf(expression.template)
  if (ts.isTemplateExpression(expression)) return textOf(expression)
  // The place where a question to each host is put together.
  if (ts.isBinaryExpression(expression) && expression.right.getText() === 'question') return 'of each host'
  if (ts.isIdentifier(expression)) return inConstant(expression, expression.text, pathOf)
  if (ts.isPropertyAccessExpression(expression) && expression.name.text === 'path')
    return inConstant(expression, expression.expression.getText(), (value) => {
      const object = ts.isAsExpression(value) ? value.expression : value
      if (!ts.isObjectLiteralExpression(object)) return undefined
      const path = object.properties.find((each) => each.name?.getText() === 'path')
      return path && ts.isPropertyAssignment(path) ? pathOf(path.initializer) : undefined
    })
  return undefined
}

const textOf = (template: ts.TemplateLiteral): string =>
  ts.isTemplateExpression(template)
    ? template.head.text + template.templateSpans.map(({ literal }) => `{}${literal.text}`).join('')
    : template.text

/** The nearest constant of that name around the place where it is used. */
function inConstant<T>(from: ts.Node, name: string, read: (value: ts.Expression) => T | undefined): T | undefined {
  for (let scope: ts.Node = from; scope; scope = scope.parent) {
    if (!ts.isBlock(scope) && !ts.isSourceFile(scope)) continue
    const declared = scope.statements
      .flatMap((statement) => (ts.isVariableStatement(statement) ? statement.declarationList.declarations : []))
      .find((declaration) => declaration.name.getText() === name)
    if (declared) return declared.initializer && read(declared.initializer)
  }
  return undefined
}

const keysOf = (params: ts.Expression | undefined): readonly string[] =>
  params && ts.isObjectLiteralExpression(params)
    ? params.properties.flatMap(({ name }) =>
        name && (ts.isIdentifier(name) || ts.isStringLiteral(name)) ? [name.text] : [],
      )
    : []

if (process.argv[1] === import.meta.filename) {
  const { endpoints, unread } = readInventory()
  const calls = [...new Set(endpoints.map(({ method, path }) => `${method} ${path}`))].sort()
  for (const call of calls) console.log(call)
  for (const place of unread) console.error(`cannot be read: ${place}`)
  console.log(`endpoints called: ${calls.length}`)
  process.exitCode = unread.length > 0 ? 1 : 0
}
