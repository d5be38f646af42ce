/** The browser's own file dialog: any files, or one of the kind `accept`. Nothing chosen is an empty list. */
export function pick(folder: boolean, accept = ''): Promise<File[]> {
  return new Promise((resolve) => {
    const input = document.createElement('input')
    input.type = 'file'
    input.multiple = accept === ''
    input.accept = accept
    input.webkitdirectory = folder
    input.hidden = true
    // Chromium keeps the dialog only for an element that is in the page.
    document.body.append(input)
    const end = () => {
      resolve([...(input.files ?? [])])
      input.remove()
    }
    input.addEventListener('change', end, { once: true })
    input.addEventListener('cancel', end, { once: true })
    input.click()
  })
}
