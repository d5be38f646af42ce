/** How fast something goes, over the last seconds: honest for a time left, null until it is known [RE4]. */

const windowMs = 10_000

export interface Rate {
  add(count: number): void
  perSecond(): number | null
  reset(): void
}

export function createRate(now: () => number = () => performance.now()): Rate {
  let samples: { at: number; count: number }[] = []
  let startedAt: number | null = null

  return {
    add(count) {
      startedAt ??= now()
      samples.push({ at: now(), count })
    },
    perSecond() {
      if (startedAt === null) return null
      const end = now()
      samples = samples.filter((sample) => end - sample.at <= windowMs)
      const spanMs = Math.min(windowMs, end - startedAt)
      if (spanMs < 1000) return null
      return samples.reduce((sum, sample) => sum + sample.count, 0) / (spanMs / 1000)
    },
    reset() {
      samples = []
      startedAt = null
    },
  }
}
