/**
 * Markdown as its writer meant it, with nothing in it that acts: HTML is dropped, images are named but not fetched,
 * links ask first. The passage's source lines are highlighted and scrolled to.
 */
import { memo, useEffect, useMemo, useRef } from 'react'
import Markdown, { type Components } from 'react-markdown'
import rehypeSanitize from 'rehype-sanitize'
import remarkGfm from 'remark-gfm'
import { blankFrontMatter } from './frontMatter.ts'
import { markTerms } from './markTerms.ts'
import classes from './MarkdownView.module.css'
import { MarkdownImage } from './MarkdownImage.tsx'
import { MarkdownLink } from './MarkdownLink.tsx'
import { rehypePassage } from './rehypePassage.ts'
import type { ViewProps } from './types.ts'

const components: Components = { a: MarkdownLink, img: MarkdownImage }

export const MarkdownView = memo(function MarkdownView({
  source,
  location,
  terms,
}: ViewProps & { source: string }) {
  const scroller = useRef<HTMLDivElement>(null)
  const text = useMemo(() => blankFrontMatter(source), [source])
  const from = location?.lineStart ?? 0
  const to = location?.lineEnd ?? from
  const rendered = useMemo(
    () => (
      <Markdown
        remarkPlugins={[remarkGfm]}
        rehypePlugins={[rehypeSanitize, [rehypePassage, { from, to }]]}
        components={components}
      >
        {text}
      </Markdown>
    ),
    [text, from, to],
  )
  const wanted = terms.join('\n')

  useEffect(() => {
    const passages = [...(scroller.current?.querySelectorAll<HTMLElement>('[data-passage]') ?? [])]
    if (passages.length > 0) passages[0]?.scrollIntoView({ block: passages.length > 3 ? 'start' : 'center' })
    else scroller.current?.scrollTo(0, 0)
    return markTerms(passages, wanted === '' ? [] : wanted.split('\n'))
  }, [rendered, wanted])

  return (
    <div ref={scroller} className={classes.scroller} tabIndex={0} data-testid="markdown">
      <article className={classes.page}>{rendered}</article>
    </div>
  )
})
