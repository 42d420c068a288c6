/** An OpenAPI document as one readable page: no script, no CDN, everything expandable in place. */
export interface OpenApi {
  readonly info: { readonly title: string; readonly version: string; readonly description?: string }
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> }
}

interface Operation {
  readonly tags?: readonly string[]
  readonly summary?: string
  readonly description?: string
  readonly parameters?: readonly Parameter[]
  readonly requestBody?: { readonly content: Content }
  readonly responses: Readonly<Record<string, { readonly description: string; readonly content?: Content }>>
}

interface Parameter {
  readonly name: string
  readonly in: string
  readonly required?: boolean
  readonly description?: string
  readonly schema?: Schema
}

type Content = Readonly<Record<string, { readonly schema?: Schema }>>

interface Schema {
  readonly $ref?: string
  readonly type?: string | readonly string[]
  readonly description?: string
  readonly enum?: readonly unknown[]
  readonly const?: unknown
  readonly pattern?: string
  readonly default?: unknown
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
  readonly items?: Schema
  readonly additionalProperties?: Schema | boolean
  readonly anyOf?: readonly Schema[]
  readonly oneOf?: readonly Schema[]
  readonly allOf?: readonly Schema[]
}

interface Entry {
  readonly method: string
  readonly path: string
  readonly operation: Operation
}

export function openApiPage(document: OpenApi): string {
  const entries = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ method: method.toUpperCase(), path, operation })),
  )
  const groups = Map.groupBy(entries, ({ operation }) => operation.tags?.[0] ?? 'about')
  const { info, components } = document
  const body = [
    `<header><h1>${text(info.title)} <small>${text(info.version)}</small></h1><p>${text(info.description ?? '')} <a href="/openapi.json">openapi.json</a></p></header>`,
    `<nav>${[...groups.keys()].map((name) => `<a href="#${name}">${text(name)}</a>`).join(' · ')} · <a href="#schemas">schemas</a></nav>`,
    ...[...groups].map(([name, members]) => group(name, members)),
    '<section id="schemas"><h2>schemas</h2>',
    ...Object.entries(components.schemas).map(
      ([name, schema]) => `<article id="schema-${text(name)}"><h3>${text(name)}</h3>${block(schema)}</article>`,
    ),
    '</section>',
  ]
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${text(info.title)} API</title>
<style>${STYLE}</style>
</head>
<body>
${body.join('\n')}
</body>
</html>
`
}

const group = (name: string, members: readonly Entry[]): string =>
  `<section id="${text(name)}"><h2>${text(name)}</h2>${members.map(entry).join('\n')}</section>`

function entry({ method, path, operation }: Entry): string {
  const { parameters = [], requestBody, responses } = operation
  return [
    `<article><h3><b class="${method}">${method}</b> <code>${text(path)}</code></h3>`,
    `<p>${text(operation.summary ?? '')}. ${text(operation.description ?? '')}</p>`,
    parameters.length > 0 ? `<ul>${parameters.map(parameter).join('')}</ul>` : '',
    requestBody ? `<p>Body</p>${content(requestBody.content)}` : '',
    ...Object.entries(responses).map(
      ([status, response]) =>
        `<details><summary><b>${text(status)}</b> ${text(response.description)}</summary>${content(response.content)}</details>`,
    ),
    '</article>',
  ].join('')
}

const parameter = ({ name, in: place, required, description, schema }: Parameter): string =>
  `<li><code>${text(name)}</code> <i>${text(place)}${required ? ', required' : ''}</i> ${schema ? inline(schema) : ''} ${text(description ?? '')}</li>`

const content = (types: Content = {}): string =>
  Object.entries(types)
    .map(([type, { schema }]) => `<p><code>${text(type)}</code> ${schema ? block(schema) : ''}</p>`)
    .join('')

/** What a schema is, in a few words; named schemas are links. */
function inline(schema: Schema): string {
  if (schema.$ref) {
    const name = schema.$ref.split('/').at(-1) ?? ''
    return `<a href="#schema-${text(name)}">${text(name)}</a>`
  }
  const alternatives = schema.anyOf ?? schema.oneOf
  if (alternatives) return alternatives.map(inline).join(' or ')
  if (schema.allOf) return schema.allOf.map(inline).join(' and ')
  if (schema.const !== undefined) return code(schema.const)
  if (schema.enum) return schema.enum.map(code).join(' ')
  const type = Array.isArray(schema.type) ? schema.type.join(' or ') : (schema.type ?? 'anything')
  const fallback = schema.default === undefined ? '' : `, by default ${code(schema.default)}`
  const form = schema.pattern === undefined ? '' : ` matching <code>${text(schema.pattern)}</code>`
  if (schema.items) return `list of ${inline(schema.items)}`
  if (typeof schema.additionalProperties === 'object') return `map of ${inline(schema.additionalProperties)}`
  return `${text(String(type))}${form}${fallback}`
}

/** The same with its fields below it. */
function block(schema: Schema): string {
  const inner =
    schema.items ?? (typeof schema.additionalProperties === 'object' ? schema.additionalProperties : undefined)
  const properties = Object.entries(schema.properties ?? {})
  if (properties.length === 0)
    return `<span>${inline(schema)} ${text(schema.description ?? '')}</span>${inner?.properties ? block(inner) : ''}`
  const rows = properties.map(([name, member]) => {
    const optional = schema.required?.includes(name) ? '' : ' <i>optional</i>'
    const nested = member.properties ?? member.items?.properties
    return `<li><code>${text(name)}</code>${optional} ${nested ? block(member) : `${inline(member)} ${text(member.description ?? '')}`}</li>`
  })
  return `<ul>${rows.join('')}</ul>`
}

const code = (value: unknown): string => `<code>${text(JSON.stringify(value))}</code>`

const ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }
const text = (value: string): string => value.replaceAll(/[&<>"]/g, (character) => ESCAPES[character] ?? character)

const STYLE = `
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { max-width: 60rem; margin: 0 auto; padding: 1rem; }
nav { position: sticky; top: 0; padding: .5rem 0; background: Canvas; border-bottom: 1px solid GrayText; }
article { margin: 1.5rem 0; }
h3 { margin: 0; font-size: 1rem; }
code { font: .9em ui-monospace, monospace; overflow-wrap: anywhere; }
ul { margin: .25rem 0; padding-left: 1.25rem; border-left: 1px solid GrayText; list-style: none; }
summary { cursor: pointer; }
small, i { color: GrayText; }
`
