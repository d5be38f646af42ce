/** A width the person drags, or moves with the arrow keys; kept for the next time. */
import { useRef, useState, type KeyboardEvent, type PointerEvent } from 'react'
import { useTranslation } from 'react-i18next'

interface Limits {
  initial: number
  min: number
  max: number
}

const stepPx = 24

export function useResizable(storageKey: string, { initial, min, max }: Limits) {
  const { t } = useTranslation()
  const [width, setWidth] = useState(() => clamp(Number(localStorage.getItem(storageKey)) || initial))
  const from = useRef<{ x: number; width: number } | null>(null)

  function clamp(value: number): number {
    return Math.round(Math.min(max, Math.max(min, value)))
  }
  function change(value: number): void {
    setWidth(clamp(value))
    localStorage.setItem(storageKey, String(clamp(value)))
  }

  const handle = {
    role: 'separator',
    'aria-orientation': 'vertical' as const,
    'aria-label': t('reader.label'),
    'aria-valuenow': width,
    'aria-valuemin': min,
    'aria-valuemax': max,
    tabIndex: 0,
    onPointerDown(event: PointerEvent<HTMLElement>) {
      event.currentTarget.setPointerCapture(event.pointerId)
      from.current = { x: event.clientX, width }
    },
    onPointerMove(event: PointerEvent<HTMLElement>) {
      if (from.current) change(from.current.width + event.clientX - from.current.x)
    },
    onPointerUp: () => void (from.current = null),
    onPointerCancel: () => void (from.current = null),
    onDoubleClick: () => change(initial),
    onKeyDown(event: KeyboardEvent<HTMLElement>) {
      if (event.key === 'ArrowLeft') change(width - stepPx)
      if (event.key === 'ArrowRight') change(width + stepPx)
    },
  }
  return { width, handle }
}
