/** A list of short names written as one line of text. */
export const words = (text: string): string[] => text.split(' ')
