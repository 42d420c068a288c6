import type { ProblemKind } from './problem-kind.ts'

/** What is wrong with a request to the people's door, or with what it would change. */
export const REQUEST_PROBLEMS = {
  'invalid-request': {
    status: 400,
    retry: 'never',
    title: 'The request is not well formed.',
    advice: 'Correct the request as the errors say.',
  },
  'invalid-document': {
    status: 422,
    retry: 'never',
    title: 'A document is not valid.',
    advice: 'Correct the fields named in the errors; nothing was applied.',
  },
  'not-found': {
    status: 404,
    retry: 'never',
    title: 'There is no such thing here.',
    advice: 'Check the kind and the name.',
  },
  'method-not-allowed': {
    status: 405,
    retry: 'never',
    title: 'This path does not know that method.',
    advice: 'See /openapi.json for what it knows.',
  },
  'precondition-required': {
    status: 428,
    retry: 'never',
    title: 'A write needs If-Match or If-None-Match.',
    advice: 'Read the object first and send its ETag as If-Match, or If-None-Match: * to create it.',
  },
  'precondition-failed': {
    status: 412,
    retry: 'never',
    title: 'The object is not what the request was based on.',
    advice: 'Read it again and decide again.',
  },
  'body-too-large': {
    status: 413,
    retry: 'never',
    title: 'The request is too large.',
    advice: 'Send at most 100 documents and 256 KiB at a time.',
  },
  'still-referenced': {
    status: 409,
    retry: 'never',
    title: 'Other objects still refer to this one.',
    advice: 'Delete or change the objects named first.',
  },
  'reference-missing': {
    status: 422,
    retry: 'never',
    title: 'A document refers to something that does not exist.',
    advice: 'Apply the missing document together with this one.',
  },
  'deletion-forbidden': {
    status: 409,
    retry: 'never',
    title: 'The object is protected against deletion.',
    advice: 'Remove the annotation lanline/deletion: forbid first.',
  },
  'confirmation-required': {
    status: 409,
    retry: 'never',
    title: 'Deleting this object needs its name as confirmation.',
    advice: 'Repeat with ?confirm=NAME.',
  },
  'change-not-supported': {
    status: 422,
    retry: 'never',
    title: 'No operation can carry out this change of an existing object yet.',
    advice: 'Undo the change of the field named, or make a new object.',
  },
  'being-deleted': {
    status: 409,
    retry: 'later',
    title: 'The object is being deleted.',
    advice: 'Wait until it is gone, then create it anew.',
  },
  'unsupported-version': {
    status: 422,
    retry: 'never',
    title: 'This version is outside the supported range.',
    advice: 'Use a version in the range named.',
  },
  'operation-not-stuck': {
    status: 409,
    retry: 'never',
    title: 'The operation does not wait for a person.',
    advice: 'Only a failed operation that is held can be retried or abandoned.',
  },
  'too-many-followers': {
    status: 429,
    retry: 'later',
    title: 'Too many followers watch this cluster.',
    advice: 'Close one of the other watchers.',
  },
  unavailable: {
    status: 503,
    retry: 'later',
    title: 'A part of the control plane did not answer.',
    advice: 'Try again in a moment; nothing was lost.',
  },
  internal: {
    status: 500,
    retry: 'never',
    title: 'Something that should not happen happened.',
    advice: 'Report it with the request id.',
  },
} as const satisfies Record<string, ProblemKind>
