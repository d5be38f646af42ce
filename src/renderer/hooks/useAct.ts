/** Runs one of the person's actions; a failure becomes a sentence in the corner. */
import { useCallback } from 'react'
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
