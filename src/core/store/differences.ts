/** Says how a derived file differs from what is wanted: by field where both sides wrote their fields down [MO1]. */

type Fields = Readonly<Record<string, unknown>>

/**
 * `different`: keys of `meta` with the wanted value. `signatures`: for a key that is only a signature, where the file
 * keeps its fields, and ours.
 */
export function nameDifferences(
  different: readonly (readonly [key: string, wanted: string])[],
  found: ReadonlyMap<string, string>,
  signatures: Readonly<Record<string, readonly [metaKey: string, ours: Fields | undefined]>>,
): { names: string; text: string } {
  const names: string[] = []
  const texts: string[] = []
  for (const [key, wanted] of different) {
    const [metaKey, ours] = signatures[key] ?? []
    const theirs = metaKey === undefined ? {} : (JSON.parse(found.get(metaKey) ?? '{}') as Fields)
    const fields =
      ours && Object.keys(theirs).length > 0
        ? [...new Set([...Object.keys(ours), ...Object.keys(theirs)])]
            .filter((field) => JSON.stringify(ours[field]) !== JSON.stringify(theirs[field]))
            .sort()
        : []
    names.push(...(fields.length > 0 ? fields : [key]))
    texts.push(fields.length > 0 ? fields.join(', ') : `${key} (${found.get(key) ?? 'none'}, now ${wanted})`)
  }
  return { names: names.join(', '), text: texts.join(', ') }
}
