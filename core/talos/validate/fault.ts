/** Something that a node would refuse: which document, which field of it, and what is wrong, in one sentence. */
export interface ConfigFault {
  /** `v1alpha1` for the main document, `Kind/name` or `Kind` for the others. */
  readonly document: string
  /** As in `machine.ca.key` or `addresses[0].address`; empty when it is the document as a whole. */
  readonly field: string
  readonly message: string
}

/** What a rule says of the document it looks at. */
export interface FieldFault {
  readonly field: string
  readonly message: string
}

export const fault = (field: string, message: string): FieldFault => ({ field, message })
