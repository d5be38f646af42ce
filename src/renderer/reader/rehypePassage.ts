/**
 * Marks the blocks that come from a range of source lines with `data-passage`. Runs after sanitising, so that nothing
 * in a file can claim to be the passage. Only the smallest blocks are marked: a list does not light up for one item.
 */
interface Node {
  type: string
  tagName?: string
  properties?: Record<string, unknown>
  position?: { start: { line: number }; end: { line: number } } | undefined
  children?: Node[]
}

const blocks = new Set([
  'p',
  'li',
  'h1',
  'h2',
  'h3',
  'h4',
  'h5',
  'h6',
  'pre',
  'tr',
  'blockquote',
  'dd',
  'dt',
  'hr',
])

export function rehypePassage({ from, to }: { from: number; to: number }) {
  return (tree: unknown): void => {
    if (from > 0) mark(tree as Node)
  }

  /** True when something inside was marked. */
  function mark(node: Node): boolean {
    let isInside = false
    for (const child of node.children ?? []) isInside = mark(child) || isInside
    if (isInside || !node.tagName || !blocks.has(node.tagName) || !node.position) return isInside
    const { start, end } = node.position
    if (end.line < from || start.line > to) return false
    node.properties = { ...node.properties, dataPassage: 'true', dataTestid: 'md-highlight' }
    return true
  }
}
