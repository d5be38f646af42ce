/** The list and the box are far apart in the window; the list is found by its id. */
export const hitListId = 'hit-list'

export function enterList(): void {
  const list = document.getElementById(hitListId)
  const row =
    list?.querySelector<HTMLElement>('[data-hit][data-current]') ??
    list?.querySelector<HTMLElement>('[data-hit]')
  row?.focus()
}
