/** Runs one of the person's actions; a failure becomes a sentence in the corner. */
import { useCallback, useState } from 'react'
import { useWords } from '../i18n/useWords.ts'
import { notifyError } from '../parts/notify.tsx'
import { asAppError } from '../client.ts'

export function useAct(): <Value>(action: () => Promise<Value>) => Promise<Value | undefined> {
  const words = useWords()
  return useCallback(
    async (action) => {
      try {
        return await action()
      } catch (error) {
        if (asAppError(error).code !== 'cancelled') notifyError(words.error(error))
        return undefined
      }
    },
    [words],
  )
}

/** The same for one button: and whether it is under way. */
export function useBusyAct(): { isBusy: boolean; run(action: () => Promise<unknown>): void } {
  const act = useAct()
  const [isBusy, setBusy] = useState(false)
  const run = (action: () => Promise<unknown>) =>
    void act(async () => {
      setBusy(true)
      try {
        await action()
      } finally {
        setBusy(false)
      }
    })
  return { isBusy, run }
}
