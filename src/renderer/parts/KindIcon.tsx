import type { DocumentKind } from '../../shared/document.ts'
import { Icon } from './Icon.tsx'

export function KindIcon({ kind, size = 15 }: { kind: DocumentKind; size?: number }) {
  return <Icon name={kind === 'pdf' ? 'pdf' : kind === 'markdown' ? 'note' : 'file'} size={size} />
}
