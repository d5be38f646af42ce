/** Turns work that pushes values as they come into a generator that ends, or throws, with the work. */
export async function* streamed<T>(work: (push: (value: T) => void) => Promise<void>): AsyncGenerator<T> {
  const values: T[] = []
  let wake: () => void = () => {}
  let ended = false
  const working = work((value) => {
    values.push(value)
    wake()
  }).finally(() => {
    ended = true
    wake()
  })
  working.catch(() => {})
  while (true) {
    while (values.length > 0) yield values.shift()!
    if (ended) break
    await new Promise<void>((resolve) => (wake = resolve))
  }
  await working
}
