import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    // onnxruntime loaded twice in one process aborts it, so every file has a process of its own.
    pool: 'forks',
    include: ['test/**/*.test.ts'],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    // The browser tests share two cores with engines of their own; more at once only waits longer.
    maxWorkers: 2,
  },
})
