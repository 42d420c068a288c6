import { OWNED_FIELDS, type OwnedField } from './owned-fields.ts'

/** What a patch does to one field: it gives it a value, or takes it away. */
export interface Touch {
  readonly path: readonly (string | number)[]
  readonly kind: 'add' | 'delete'
}

/** The owned fields that touches of a document of this type and name hurt, each once, with the first touch that does. */
export const ownedTouches = (
  type: string,
  name: string,
  touches: readonly Touch[],
): readonly { readonly field: OwnedField; readonly touch: Touch }[] =>
  OWNED_FIELDS.filter((field) => field.kind === type && (field.named?.test(name) ?? true)).flatMap((field) => {
    const touch = touches.find((each) => hurts(each, field))
    return touch ? [{ field, touch }] : []
  })

/** What lies above an owned field takes it along when it goes or is replaced; what lies below is a part of it. */
function hurts({ path, kind }: Touch, field: OwnedField): boolean {
  if (kind === 'add' && field.mayAdd) return false
  if (!field.path.every((part, index) => index >= path.length || part === String(path[index]))) return false
  return path.length >= field.path.length || kind === 'delete'
}

/** Fields that say which document it is. */
export const isNaming = (path: Touch['path']): boolean =>
  path.length === 1 && ['version', 'apiVersion', 'kind', 'name'].includes(String(path[0]))
