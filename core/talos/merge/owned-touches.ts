import { OWNED_FIELDS, type OwnedField } from './owned-fields.ts'

/** What a patch does to one field: it gives it a value, or takes it away. */
export interface Touch {
  readonly path: readonly (string | number)[]
  readonly kind: 'add' | 'delete'
}

/** The owned fields that touches of a document of this type and name hurt, each once, with the first touch that does. */
export function ownedTouches(
  type: string,
  name: string,
  touches: readonly Touch[],
): readonly { readonly field: OwnedField; readonly touch: Touch }[] {
  const top = tops().get(type)
  if (!top) return []
  const hurt = new Map<OwnedField, Touch>()
  for (const touch of touches) for (const field of fieldsHurt(top, touch)) if (!hurt.has(field)) hurt.set(field, touch)
  return top.fields.flatMap((field) => {
    const touch = hurt.get(field)
    return touch && (field.named?.test(name) ?? true) ? [{ field, touch }] : []
  })
}

/**
 * The owned fields of a document by their paths: a patch touches hundreds of fields of which nearly none lies on the way
 * to an owned one, so most touches end after a step or two.
 */
interface Place {
  readonly own: OwnedField[]
  /** All at or below this place, in the order of the list. */
  readonly fields: OwnedField[]
  readonly members: Map<string, Place>
}

const newPlace = (): Place => ({ own: [], fields: [], members: new Map() })

let made: ReadonlyMap<string, Place> | undefined

function tops(): ReadonlyMap<string, Place> {
  if (made) return made
  const places = new Map<string, Place>()
  for (const field of OWNED_FIELDS) {
    let place = at(places, field.kind)
    place.fields.push(field)
    for (const part of field.path) {
      place = at(place.members, part)
      place.fields.push(field)
    }
    place.own.push(field)
  }
  return (made = places)
}

function at(places: Map<string, Place>, key: string): Place {
  let place = places.get(key)
  if (!place) places.set(key, (place = newPlace()))
  return place
}

/** What lies above an owned field takes it along when it goes or is replaced; what lies below is a part of it. */
function fieldsHurt(top: Place, { path, kind }: Touch): readonly OwnedField[] {
  const found: OwnedField[] = []
  let place: Place | undefined = top
  for (const part of path) {
    found.push(...place.own)
    place = place.members.get(String(part))
    if (!place) break
  }
  if (place) found.push(...(kind === 'delete' ? place.fields : place.own))
  return kind === 'add' ? found.filter((field) => !field.mayAdd) : found
}

/** Fields that say which document it is. */
export const isNaming = (path: Touch['path']): boolean =>
  path.length === 1 && ['version', 'apiVersion', 'kind', 'name'].includes(String(path[0]))
