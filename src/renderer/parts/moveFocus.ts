/** Arrow keys inside a group of radio buttons move the focus; choosing stays a deliberate press. */
import type { KeyboardEvent } from 'react'

export function moveFocus(event: KeyboardEvent<HTMLElement>): void {
  const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key]
  if (!step) return
  const radios = [...event.currentTarget.querySelectorAll<HTMLElement>('[role="radio"]:not(:disabled)')]
  const at = radios.indexOf(document.activeElement as HTMLElement)
  if (at < 0) return
  event.preventDefault()
  radios[(at + step + radios.length) % radios.length]?.focus()
}
