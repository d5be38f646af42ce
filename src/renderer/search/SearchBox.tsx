/** Where the query is typed. An input method's Enter chooses a word, so it does nothing here [SE3]. */
import { ActionIcon, Loader } from '@mantine/core'
import { useRef, type KeyboardEvent } from 'react'
import { useTranslation } from 'react-i18next'
import { maxQueryChars } from '../../shared/search.ts'
import { Icon } from '../parts/Icon.tsx'
import { searchInputId } from '../shell/useKeys.ts'
import { useWindow } from '../shell/useWindow.tsx'
import classes from './SearchBox.module.css'
import { useSearchPage } from './SearchProvider.tsx'
import { enterList } from './listFocus.ts'

export function SearchBox() {
  const { t } = useTranslation()
  const { text, type, settle, search, question } = useSearchPage()
  const { view, go } = useWindow()
  const composing = useRef(false)
  const input = useRef<HTMLInputElement>(null)

  const onKeyDown = (event: KeyboardEvent<HTMLInputElement>) => {
    // Safari ends composition before its keydown, hence the key code.
    if (composing.current || event.nativeEvent.isComposing || event.keyCode === 229) return
    if (event.key === 'Enter') {
      event.preventDefault()
      if (view !== 'find') go('find')
      if (!question.typing && question.query === text) enterList()
      else settle()
    } else if (event.key === 'ArrowDown') {
      event.preventDefault()
      enterList()
    } else if (event.key === 'Escape' && text !== '') {
      event.preventDefault()
      type('', false)
    }
  }

  const onText = (value: string, isComposing: boolean) => {
    if (view !== 'find' && value !== '') go('find')
    type(value, isComposing)
  }

  return (
    <div className={classes.box} role="search">
      <span className={classes.icon}>
        {search.working ? (
          <Loader size={15} color="var(--accent)" aria-label={t('search.working')} />
        ) : (
          <Icon name="find" />
        )}
      </span>
      <input
        ref={input}
        id={searchInputId}
        className={classes.input}
        type="text"
        role="searchbox"
        value={text}
        maxLength={maxQueryChars}
        placeholder={t('search.placeholder')}
        aria-label={t('search.label')}
        autoComplete="off"
        autoCorrect="off"
        spellCheck={false}
        autoFocus
        onCompositionStart={() => (composing.current = true)}
        onCompositionEnd={(event) => {
          composing.current = false
          onText(event.currentTarget.value, false)
        }}
        onChange={(event) =>
          onText(
            event.currentTarget.value,
            composing.current || (event.nativeEvent as InputEvent).isComposing,
          )
        }
        onKeyDown={onKeyDown}
        data-testid="search-input"
      />
      {text !== '' && (
        <ActionIcon
          size={24}
          aria-label={t('search.clear')}
          onClick={() => {
            type('', false)
            input.current?.focus()
          }}
        >
          <Icon name="close" size={13} />
        </ActionIcon>
      )}
    </div>
  )
}
