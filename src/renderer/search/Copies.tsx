import { useDocument } from '../hooks/useReading.ts'
import classes from './Copies.module.css'

/** Where the same bytes lie too. */
export function Copies({ documentId }: { documentId: number }) {
  const { data } = useDocument(documentId)
  return (
    <ul className={classes.copies}>
      {data?.copies.map((copy) => (
        <li key={copy.id}>{copy.path}</li>
      ))}
    </ul>
  )
}
